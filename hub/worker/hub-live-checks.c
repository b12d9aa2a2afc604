/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a session is: the checks of both sides. */
#include "hub-live-checks.h"

#include "hub-clock.h"
#include "hub-log.h"

#define MAX_CHECKS 64
#define MAX_MEASURED 256
/* A message of the other side holds no more. */
#define MAX_TOLD 64
#define PARTNERS "partner."
/* A preflight is made anew so long after the last one: if it is asked for, if it failed, and so
 * that people are shown none that is old. */
#define ASKED_US G_USEC_PER_SEC
#define AGAIN_US (3 * G_USEC_PER_SEC)
#define FRESH_US (60 * G_USEC_PER_SEC)
#define MAX_QUICK_HEALS 10
#define HEAL_AFTER_US (10 * G_USEC_PER_SEC)
#define FORGET_US (600 * G_USEC_PER_SEC)

struct _HubLiveChecks
{
  GObject parent_instance;

  char *session;
  GHashTable *own;      /* id → KarezCheck */
  GHashTable *measured; /* the same, of the last preflight */
  GHashTable *partners; /* "partner." and id → KarezCheck */
  gint64 measured_at;   /* 0: never */
  gboolean asked;       /* for a preflight, by the live half */
  gboolean ready;
  guint n_degraded; /* lately */
  gint64 degraded_at;
};

G_DEFINE_FINAL_TYPE (HubLiveChecks, hub_live_checks, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static const KarezJsonField check_fields[] = {
  { "id", KAREZ_JSON_TEXT, TRUE, 1, 100 },
  { "verdict", KAREZ_JSON_ENUM, TRUE, 0, 0, "passed|warning|failed" },
  { "measured", KAREZ_JSON_TEXT, FALSE, 0, 500 },
  { "limit", KAREZ_JSON_TEXT, FALSE, 0, 500 },
  { "hint", KAREZ_JSON_TEXT, FALSE, 0, 500 },
  { NULL },
};

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
}

static KarezCheck *
find_failed (GHashTable *checks)
{
  GHashTableIter iter;
  gpointer check;

  g_hash_table_iter_init (&iter, checks);
  while (g_hash_table_iter_next (&iter, NULL, &check))
    if (karez_check_get_verdict (check) == KAREZ_VERDICT_FAILED)
      return check;
  return NULL;
}

void
hub_live_checks_report (HubLiveChecks *self, KarezCheck *check)
{
  const char *id = karez_check_get_id (check);

  if (!g_hash_table_contains (self->own, id) && g_hash_table_size (self->own) >= MAX_CHECKS)
    {
      hub_warning ("session", self->session, "The check “%s” is one too many; %d are kept.", id,
                   MAX_CHECKS);
      return;
    }
  g_hash_table_replace (self->own, g_strdup (id), g_object_ref (check));
  g_signal_emit (self, signals[CHANGED], 0, TRUE);
}

KarezCheck *
hub_live_checks_find (HubLiveChecks *self, const char *id)
{
  return g_hash_table_lookup (self->own, id);
}

static KarezCheck *
read_check (JsonNode *node, GError **error)
{
  JsonObject *object = karez_json_check (node, check_fields, error);
  g_autofree char *id = NULL;
  const char *said;
  KarezVerdict verdict = KAREZ_VERDICT_PASSED;

  if (object == NULL)
    return NULL;
  said = karez_json_text (object, "verdict");
  id = g_strconcat (PARTNERS, karez_json_text (object, "id"), NULL);
  if (g_str_equal (said, "failed"))
    verdict = KAREZ_VERDICT_FAILED;
  else if (g_str_equal (said, "warning"))
    verdict = KAREZ_VERDICT_WARNING;
  return karez_check_new (id, verdict, karez_json_text (object, "measured"),
                          karez_json_text (object, "limit"), karez_json_text (object, "hint"));
}

gboolean
hub_live_checks_take_partners (HubLiveChecks *self, JsonArray *items, GError **error)
{
  g_autoptr (GHashTable) partners = new_table ();

  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      KarezCheck *check = read_check (json_array_get_element (items, i), error);

      if (check == NULL)
        return FALSE;
      g_hash_table_replace (partners, g_strdup (karez_check_get_id (check)), check);
    }
  g_hash_table_unref (self->partners);
  self->partners = g_steal_pointer (&partners);
  g_signal_emit (self, signals[CHANGED], 0, FALSE);
  return TRUE;
}

/* Preflight. */

static void
add_checks (JsonArray *array, GHashTable *checks)
{
  GHashTableIter iter;
  gpointer check;

  g_hash_table_iter_init (&iter, checks);
  while (g_hash_table_iter_next (&iter, NULL, &check))
    json_array_add_element (array, karez_check_to_json (check));
}

JsonNode *
hub_live_checks_take_preflight (HubLiveChecks *self, GListModel *list)
{
  guint n = list != NULL ? MIN (g_list_model_get_n_items (list), MAX_MEASURED) : 0;
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  self->asked = FALSE;
  self->ready = list != NULL && find_failed (self->own) == NULL
                && find_failed (self->partners) == NULL;
  if (list != NULL)
    g_hash_table_remove_all (self->measured);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (KarezCheck) check = g_list_model_get_item (list, i);

      json_array_add_element (array, karez_check_to_json (check));
      self->ready = self->ready && karez_check_get_verdict (check) != KAREZ_VERDICT_FAILED;
      if (i < MAX_TOLD)
        g_hash_table_replace (self->measured, g_strdup (karez_check_get_id (check)),
                              g_object_ref (check));
    }
  add_checks (array, self->own);
  add_checks (array, self->partners);
  json_node_take_array (node, array);
  if (list != NULL)
    {
      self->measured_at = hub_clock_monotonic ();
      g_signal_emit (self, signals[CHANGED], 0, TRUE);
    }
  return node;
}

gboolean
hub_live_checks_is_ready (HubLiveChecks *self)
{
  return self->ready;
}

void
hub_live_checks_ask (HubLiveChecks *self)
{
  self->asked = TRUE;
}

gboolean
hub_live_checks_is_due (HubLiveChecks *self)
{
  gint64 after = self->asked ? ASKED_US : self->ready ? FRESH_US : AGAIN_US;

  return self->measured_at == 0 || hub_clock_monotonic () - self->measured_at >= after;
}

/* While it is live. */

char *
hub_live_checks_find_failed (HubLiveChecks *self)
{
  KarezCheck *failed = find_failed (self->own);
  const char *measured;

  if (failed == NULL)
    failed = find_failed (self->partners);
  if (failed == NULL)
    return NULL;
  measured = karez_check_get_measured (failed);
  return g_strconcat (karez_check_get_id (failed), measured != NULL ? ": " : NULL, measured, NULL);
}

void
hub_live_checks_count_degrading (HubLiveChecks *self)
{
  gint64 now = hub_clock_monotonic ();

  if (now - self->degraded_at > FORGET_US)
    self->n_degraded = 0;
  self->n_degraded++;
  self->degraded_at = now;
}

gboolean
hub_live_checks_may_heal (HubLiveChecks *self)
{
  return self->n_degraded <= MAX_QUICK_HEALS
         || hub_clock_monotonic () - self->degraded_at >= HEAL_AFTER_US;
}

/* What people at both hospitals are shown: the same, and as it is now. */

static void
add_missing (GHashTable *shown, GHashTable *checks)
{
  GHashTableIter iter;
  gpointer id, check;

  g_hash_table_iter_init (&iter, checks);
  while (g_hash_table_iter_next (&iter, &id, &check))
    if (!g_hash_table_contains (shown, id))
      g_hash_table_insert (shown, g_strdup (id), g_object_ref (check));
}

/* Returns: (transfer full): of this side */
static GHashTable *
own_checks (HubLiveChecks *self, gboolean measured)
{
  GHashTable *own = new_table ();

  add_missing (own, self->own);
  if (measured)
    add_missing (own, self->measured);
  return own;
}

static void
add_partners (HubLiveChecks *self, GHashTable *shown)
{
  GHashTableIter iter;
  gpointer id, check;

  g_hash_table_iter_init (&iter, self->partners);
  while (g_hash_table_iter_next (&iter, &id, &check))
    {
      KarezCheck *own = g_hash_table_lookup (shown, (char *) id + strlen (PARTNERS));

      if (own == NULL || karez_check_get_verdict (own) != karez_check_get_verdict (check))
        g_hash_table_insert (shown, g_strdup (id), g_object_ref (check));
    }
}

static gint
compare_texts (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *) a, *(char *const *) b);
}

static JsonNode *
to_json (GHashTable *checks, guint most)
{
  JsonArray *array = json_array_new ();
  guint n = 0;
  g_autofree gpointer *keys = g_hash_table_get_keys_as_array (checks, &n);
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  qsort (keys, n, sizeof *keys, compare_texts);
  for (guint i = 0; i < MIN (n, most); i++)
    json_array_add_element (array, karez_check_to_json (g_hash_table_lookup (checks, keys[i])));
  json_node_take_array (node, array);
  return node;
}

JsonNode *
hub_live_checks_tell (HubLiveChecks *self, gboolean measured)
{
  g_autoptr (GHashTable) own = own_checks (self, measured);

  return to_json (own, MAX_TOLD);
}

JsonNode *
hub_live_checks_show (HubLiveChecks *self, gboolean measured, gboolean partners)
{
  g_autoptr (GHashTable) shown = own_checks (self, measured);

  if (partners)
    add_partners (self, shown);
  return to_json (shown, G_MAXUINT);
}

HubLiveChecks *
hub_live_checks_new (const char *session)
{
  HubLiveChecks *self = g_object_new (HUB_TYPE_LIVE_CHECKS, NULL);

  self->session = g_strdup (session);
  return self;
}

static void
hub_live_checks_finalize (GObject *object)
{
  HubLiveChecks *self = HUB_LIVE_CHECKS (object);

  g_free (self->session);
  g_hash_table_unref (self->own);
  g_hash_table_unref (self->measured);
  g_hash_table_unref (self->partners);

  G_OBJECT_CLASS (hub_live_checks_parent_class)->finalize (object);
}

static void
hub_live_checks_class_init (HubLiveChecksClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_live_checks_finalize;

  signals[CHANGED] = g_signal_new ("changed", HUB_TYPE_LIVE_CHECKS, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
hub_live_checks_init (HubLiveChecks *self)
{
  self->own = new_table ();
  self->measured = new_table ();
  self->partners = new_table ();
}
