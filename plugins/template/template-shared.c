/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The note as both workers hold it. */
#include "template-shared.h"

#include <glib/gi18n.h>

struct _TemplateShared
{
  KarezReplica parent;

  TemplateNote *note;
};

G_DEFINE_FINAL_TYPE (TemplateShared, template_shared, KAREZ_TYPE_REPLICA)

const TemplateNote *
template_shared_get_note (TemplateShared *self)
{
  return self->note;
}

static gint64
get_revision (KarezReplica *replica)
{
  return template_note_get_revision (TEMPLATE_SHARED (replica)->note);
}

static JsonNode *
to_json (KarezReplica *replica)
{
  return template_note_to_json (TEMPLATE_SHARED (replica)->note, TRUE);
}

static gboolean
from_json (KarezReplica *replica, JsonNode *node, GError **error)
{
  TemplateNote *note = template_note_from_json (node, error);

  if (note == NULL)
    return FALSE;
  template_note_free (TEMPLATE_SHARED (replica)->note);
  TEMPLATE_SHARED (replica)->note = note;
  return TRUE;
}

static GPtrArray *
submit (KarezReplica *replica, JsonNode *change, gboolean *repeated, GError **error)
{
  g_autoptr (TemplateEdit) edit = template_edit_from_json (change, error);

  if (edit == NULL)
    return NULL;
  if (!karez_live_half_is_live (karez_live_half_of_replica (replica)))
    {
      karez_error_set (error, KAREZ_ERROR_CONFLICT, "note/not-live", N_ ("a session that is live"),
                       N_ ("The note cannot be changed now"));
      return NULL;
    }
  return template_note_submit (TEMPLATE_SHARED (replica)->note, edit, repeated, error);
}

static GPtrArray *
order (KarezReplica *replica, JsonNode *change, gboolean *repeated, GError **error)
{
  g_autoptr (GPtrArray) parts = submit (replica, change, repeated, error);
  GPtrArray *steps;

  if (parts == NULL)
    return NULL;
  steps = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  for (guint i = 0; i < parts->len; i++)
    g_ptr_array_add (steps, template_edit_to_json (parts->pdata[i]));
  return steps;
}

/* An old one is the answer to a page that said something twice. */
static gboolean
follow (KarezReplica *replica, JsonNode *step, GError **error)
{
  TemplateNote *note = TEMPLATE_SHARED (replica)->note;
  g_autoptr (TemplateEdit) edit = template_edit_from_json (step, error);

  return edit != NULL
         && (edit->revision <= template_note_get_revision (note)
             || template_note_follow (note, edit, error));
}

static void
template_shared_finalize (GObject *object)
{
  template_note_free (TEMPLATE_SHARED (object)->note);
  G_OBJECT_CLASS (template_shared_parent_class)->finalize (object);
}

static void
template_shared_class_init (TemplateSharedClass *klass)
{
  KarezReplicaClass *replica_class = KAREZ_REPLICA_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = template_shared_finalize;
  replica_class->get_revision = get_revision;
  replica_class->to_json = to_json;
  replica_class->from_json = from_json;
  replica_class->order = order;
  replica_class->follow = follow;
}

static void
template_shared_init (TemplateShared *self)
{
  self->note = template_note_new ();
}
