/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One check of a session's preflight. */
#define KAREZ_INSIDE
#include "karez-check.h"

struct _KarezCheck
{
  GObject parent_instance;

  char *id;
  KarezVerdict verdict;
  char *measured;
  char *limit;
  char *hint;
};

G_DEFINE_FINAL_TYPE (KarezCheck, karez_check, G_TYPE_OBJECT)

KarezCheck *
karez_check_new (const char *id, KarezVerdict verdict, const char *measured, const char *limit,
                 const char *hint)
{
  KarezCheck *self = g_object_new (KAREZ_TYPE_CHECK, NULL);

  g_return_val_if_fail (id != NULL, NULL);

  self->id = g_strdup (id);
  self->verdict = verdict;
  self->measured = g_strdup (measured);
  self->limit = g_strdup (limit);
  self->hint = g_strdup (hint);
  return self;
}

const char *
karez_check_get_id (KarezCheck *self)
{
  g_return_val_if_fail (KAREZ_IS_CHECK (self), NULL);

  return self->id;
}

KarezVerdict
karez_check_get_verdict (KarezCheck *self)
{
  g_return_val_if_fail (KAREZ_IS_CHECK (self), 0);

  return self->verdict;
}

const char *
karez_check_get_measured (KarezCheck *self)
{
  g_return_val_if_fail (KAREZ_IS_CHECK (self), NULL);

  return self->measured;
}

const char *
karez_check_get_limit (KarezCheck *self)
{
  g_return_val_if_fail (KAREZ_IS_CHECK (self), NULL);

  return self->limit;
}

const char *
karez_check_get_hint (KarezCheck *self)
{
  g_return_val_if_fail (KAREZ_IS_CHECK (self), NULL);

  return self->hint;
}

JsonNode *
karez_check_to_json (KarezCheck *self)
{
  static const char *const verdicts[] = { "passed", "warning", "failed" };

  g_return_val_if_fail (KAREZ_IS_CHECK (self), NULL);

  return karez_json_object ("id", "s", self->id, "verdict", "s", verdicts[self->verdict],
                            "measured", "s", self->measured, "limit", "s", self->limit, "hint", "s",
                            self->hint, NULL);
}

static void
karez_check_finalize (GObject *object)
{
  KarezCheck *self = KAREZ_CHECK (object);

  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->measured, g_free);
  g_clear_pointer (&self->limit, g_free);
  g_clear_pointer (&self->hint, g_free);

  G_OBJECT_CLASS (karez_check_parent_class)->finalize (object);
}

static void
karez_check_class_init (KarezCheckClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_check_finalize;
}

static void
karez_check_init (KarezCheck *self)
{
}
