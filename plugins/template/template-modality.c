/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live half: a note that the people of two hospitals write together. */
#include "template-modality.h"

#include "template-shared.h"

#include <glib/gi18n.h>

struct _TemplateModality
{
  KarezLiveHalf parent;

  TemplateShared *shared;
};

G_DEFINE_FINAL_TYPE (TemplateModality, template_modality, KAREZ_TYPE_LIVE_HALF)
KAREZ_MODALITY_MODULE (template_modality)

/* What pages are told. */

static JsonNode *
page_note (TemplateModality *self)
{
  return template_note_to_json (template_shared_get_note (self->shared), FALSE);
}

static void
on_replaced (KarezReplica *shared, TemplateModality *self)
{
  karez_live_half_say (KAREZ_LIVE_HALF (self), NULL, page_note (self));
}

static void
on_step (KarezReplica *shared, JsonNode *step, const char *to, TemplateModality *self)
{
  karez_session_send (karez_live_half_get_session (KAREZ_LIVE_HALF (self)), to,
                      json_node_copy (step));
}

static void
on_refused (KarezReplica *shared, const char *from, JsonNode *change, const GError *error,
            TemplateModality *self)
{
  const char *edit = karez_json_text (json_node_get_object (change), "edit");

  karez_session_send (karez_live_half_get_session (KAREZ_LIVE_HALF (self)), from,
                      karez_json_object ("type", "s", "refused", "edit", "s", edit, "participant",
                                         "s", from, "rule", "s", karez_error_get_rule (error),
                                         "message", "s", error->message, "accepted", "s",
                                         karez_error_get_accepted (error), NULL));
}

/* The host's pages are never told: theirs puts the edits in order. */
static JsonNode *
link_note (gboolean up)
{
  return karez_json_object ("type", "s", "link", "up", "b", up, NULL);
}

static void
link_changed (KarezLiveHalf *half, gboolean up)
{
  KarezSession *session = karez_live_half_get_session (half);

  if (!karez_session_is_host (session))
    karez_session_broadcast (session, link_note (up));
}

static gboolean
join (KarezLiveHalf *half, KarezParticipant *participant, GError **error)
{
  TemplateModality *self = TEMPLATE_MODALITY (half);

  if (!karez_participant_is_local (participant))
    return TRUE;
  if (karez_replica_is_settled (KAREZ_REPLICA (self->shared)))
    karez_live_half_say (half, karez_participant_get_id (participant), page_note (self));
  if (!karez_session_is_host (karez_live_half_get_session (half)))
    karez_participant_send (participant, link_note (karez_live_half_is_link_up (half)));
  return TRUE;
}

/* Cursors. */

static JsonNode *
cursor_of (KarezParticipant *participant, gint64 position)
{
  KarezActor *actor = karez_participant_get_actor (participant);

  return karez_json_object ("type", "s", "cursor", "participant", "s",
                            karez_participant_get_id (participant), "name", "s",
                            karez_actor_get_name (actor), "position", "i", position, NULL);
}

static gboolean
leave (KarezLiveHalf *half, KarezParticipant *participant, GError **error)
{
  karez_session_broadcast (karez_live_half_get_session (half), cursor_of (participant, -1));
  return TRUE;
}

/* The other worker's, for our pages. */
static gboolean
receive (KarezLiveHalf *half, JsonNode *message, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "cursor" },
    { "participant", KAREZ_JSON_TEXT, TRUE, 0, 64 },
    { "name", KAREZ_JSON_NAME, TRUE, 0, 400 },
    { "position", KAREZ_JSON_INTEGER, TRUE, -1, TEMPLATE_NOTE_MAX_CHARACTERS },
    { NULL },
  };

  if (karez_json_check (message, fields, error) == NULL)
    return FALSE;
  karez_session_broadcast (karez_live_half_get_session (half), json_node_copy (message));
  return TRUE;
}

/* What a page sends. */

static gboolean
take_edit (TemplateModality *self, KarezParticipant *participant, JsonNode *body, GError **error)
{
  const char *id = karez_participant_get_id (participant);
  g_autoptr (TemplateEdit) edit = NULL;
  g_autoptr (JsonNode) change = NULL;

  if (g_strcmp0 (karez_participant_get_role (participant), "writer") != 0)
    return karez_error_set (error, KAREZ_ERROR_DENIED, "note/reader", N_ ("somebody who writes"),
                            N_ ("You came to read this note"));
  edit = template_edit_from_json (body, error);
  if (edit == NULL)
    return FALSE;
  g_free (edit->author);
  g_free (edit->participant);
  edit->author = g_strdup (karez_actor_get_name (karez_participant_get_actor (participant)));
  edit->participant = g_strdup (id);
  edit->more = FALSE;
  change = template_edit_to_json (edit);
  return karez_replica_change (KAREZ_REPLICA (self->shared), id, change, error);
}

static gboolean
take_cursor (KarezLiveHalf *half, KarezParticipant *participant, JsonNode *body, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "cursor" },
    { "position", KAREZ_JSON_INTEGER, TRUE, 0, TEMPLATE_NOTE_MAX_CHARACTERS },
    { NULL },
  };
  JsonObject *object = karez_json_check (body, fields, error);
  gint64 position;

  if (object == NULL)
    return FALSE;
  position = karez_json_integer (object, "position", 0);
  karez_session_broadcast (karez_live_half_get_session (half), cursor_of (participant, position));
  /* A cursor that is late is worth nothing: it does not wait for the link. */
  if (karez_live_half_is_link_up (half))
    karez_live_half_tell_peer (half, cursor_of (participant, position), NULL);
  return TRUE;
}

static gboolean
message (KarezLiveHalf *half, KarezParticipant *participant, JsonNode *body, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "edit|cursor|resync" },
    { NULL },
  };
  TemplateModality *self = TEMPLATE_MODALITY (half);
  const char *type = karez_json_text (json_node_get_object (body), "type");

  if (g_strcmp0 (type, "edit") == 0)
    return take_edit (self, participant, body, error);
  if (g_strcmp0 (type, "cursor") == 0)
    return take_cursor (half, participant, body, error);
  if (karez_json_check (body, fields, error) == NULL)
    return FALSE;
  karez_live_half_say (half, karez_participant_get_id (participant), page_note (self));
  return TRUE;
}

/* Each side keeps the note for its own hospital. */
static gboolean
stop (KarezLiveHalf *half, const char *reason, GError **error)
{
  TemplateModality *self = TEMPLATE_MODALITY (half);

  if (karez_replica_get_revision (KAREZ_REPLICA (self->shared)) > 0)
    karez_session_record (karez_live_half_get_session (half), "note.keep", NULL, page_note (self));
  return TRUE;
}

static void
template_modality_dispose (GObject *object)
{
  g_clear_object (&TEMPLATE_MODALITY (object)->shared);
  G_OBJECT_CLASS (template_modality_parent_class)->dispose (object);
}

static void
template_modality_class_init (TemplateModalityClass *klass)
{
  KarezLiveHalfClass *half_class = KAREZ_LIVE_HALF_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = template_modality_dispose;
  half_class->join = join;
  half_class->leave = leave;
  half_class->stop = stop;
  half_class->message = message;
  half_class->receive = receive;
  half_class->link_changed = link_changed;
}

static void
template_modality_init (TemplateModality *self)
{
  self->shared = g_object_new (TEMPLATE_TYPE_SHARED, NULL);
  karez_live_half_add_replica (KAREZ_LIVE_HALF (self), "note", KAREZ_REPLICA (self->shared));
  g_signal_connect_object (self->shared, "replaced", G_CALLBACK (on_replaced), self, 0);
  g_signal_connect_object (self->shared, "step", G_CALLBACK (on_step), self, 0);
  g_signal_connect_object (self->shared, "refused", G_CALLBACK (on_refused), self, 0);
}
