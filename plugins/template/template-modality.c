/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live half: one note that both hospitals write. */
#include "template-modality.h"

#include "template-note.h"

#include <glib/gi18n.h>

/* The first stream that is a modality's. */
#define STREAM 16
/* A host that came back waits so long for the other side, which may know more than the checkpoint.
 */
#define SETTLE_MS 3000
#define MAX_HELD 256u
/* How long the other side waits for the host's last word when the session ends. */
#define LAST_WORD_MS 2000

struct _TemplateModality
{
  GObject parent;

  KarezSession *session;
  TemplateNote *note;
  guint settling; /* source; 0 when settled */
  GQueue held;    /* of TemplateEdit, that came before */
  guint saves;    /* asked for so far */
  guint saved;    /* up to this one they are on disk */
  GQueue untold;  /* of Saying: what waits for them */
  GTask *stopping;
  guint last_word; /* source */
  gboolean last_word_heard;
  gboolean stopping_host; /* the host's own, which waits for the disk */
};

static void template_modality_iface_init (KarezModalityInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TemplateModality, template_modality, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_MODALITY,
                                                      template_modality_iface_init))
KAREZ_MODALITY_MODULE (template_modality)

/* Sending. */

/* To the other worker. @body: (transfer full). Not sent when too much waits already: it asks for
 * the whole note then, because an edit is missing. */
static gboolean
tell_peer (TemplateModality *self, JsonNode *body, GError **error)
{
  g_autoptr (JsonNode) own = body;
  char *text = karez_json_print (own);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  return karez_link_send (karez_session_get_link (self->session), STREAM, bytes, error);
}

/* What says something of the note is said when that is on disk, in order. */
typedef struct
{
  guint save;        /* that must be done */
  char *participant; /* "": everybody here, NULL: the other worker */
  JsonNode *body;
} Saying;

static void
saying_free (gpointer data)
{
  Saying *saying = data;

  g_free (saying->participant);
  g_clear_pointer (&saying->body, json_node_unref);
  g_free (saying);
}

static KarezParticipant *
find_participant (TemplateModality *self, const char *id)
{
  GListModel *participants = karez_session_get_participants (self->session);

  for (guint i = 0; i < g_list_model_get_n_items (participants); i++)
    {
      g_autoptr (KarezParticipant) participant = g_list_model_get_item (participants, i);

      if (g_strcmp0 (karez_participant_get_id (participant), id) == 0)
        return g_steal_pointer (&participant);
    }
  return NULL;
}

static JsonNode *
peer_note (TemplateModality *self, const char *type, gboolean last)
{
  return karez_json_object ("type", "s", type, "note", "n",
                            template_note_to_json (self->note, TRUE), "last", "b", last, NULL);
}

static void
say_now (TemplateModality *self, Saying *saying)
{
  JsonNode *body = g_steal_pointer (&saying->body);

  if (saying->participant == NULL)
    tell_peer (self, body, NULL);
  else if (saying->participant[0] == '\0')
    karez_session_broadcast (self->session, body);
  else
    {
      g_autoptr (KarezParticipant) one = find_participant (self, saying->participant);

      if (one != NULL)
        karez_participant_send (one, body);
      else
        json_node_unref (body);
    }
}

static void finish_stopping (TemplateModality *self);

static void
say_what_is_saved (TemplateModality *self)
{
  Saying *next;

  while ((next = g_queue_peek_head (&self->untold)) != NULL && next->save <= self->saved)
    {
      say_now (self, next);
      saying_free (g_queue_pop_head (&self->untold));
    }
}

/* @participant: as Saying has it; @body: (transfer full) */
static void
say (TemplateModality *self, const char *participant, JsonNode *body)
{
  Saying *saying = g_new0 (Saying, 1);

  saying->save = self->saves;
  saying->participant = g_strdup (participant);
  saying->body = body;
  g_queue_push_tail (&self->untold, saying);
  say_what_is_saved (self);
}

/* A save under way. */
typedef struct
{
  TemplateModality *self;
  guint number;
} Save;

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Save *save = data;
  g_autoptr (TemplateModality) self = save->self;
  g_autoptr (GError) error = NULL;

  /* People at work are not kept waiting for a disk that takes nothing, which they are shown. */
  if (!karez_session_save_finish (KAREZ_SESSION (source), result, &error))
    g_message ("%s: the note is not on disk yet: %s", karez_session_get_id (self->session),
               error->message);
  self->saved = MAX (self->saved, save->number);
  say_what_is_saved (self);
  if (self->stopping_host && self->saved == self->saves)
    finish_stopping (self);
}

static void
save_note (TemplateModality *self)
{
  Save *save = g_new (Save, 1);

  save->self = g_object_ref (self);
  save->number = ++self->saves;
  karez_session_save_async (self->session, NULL, on_saved, save);
}

static void
spread_note (TemplateModality *self)
{
  say (self, "", template_note_to_json (self->note, FALSE));
  if (karez_session_is_host (self->session))
    say (self, NULL, peer_note (self, "note", FALSE));
}

static JsonNode *
refusal (const TemplateEdit *edit, const GError *error)
{
  return karez_json_object ("type", "s", "refused", "edit", "s", edit->id, "participant", "s",
                            edit->participant, "rule", "s", karez_error_get_rule (error), "message",
                            "s", error->message, "accepted", "s", karez_error_get_accepted (error),
                            NULL);
}

/* To the page of whoever made an edit, wherever that is. */
static void
tell_author (TemplateModality *self, const char *id, JsonNode *body)
{
  g_autoptr (KarezParticipant) author = find_participant (self, id);

  if (author != NULL && karez_participant_is_local (author))
    say (self, id, body);
  else if (karez_session_is_host (self->session))
    say (self, NULL, body);
  else
    json_node_unref (body);
}

/* Edits. */

static gboolean
is_live (TemplateModality *self)
{
  KarezState state = karez_session_get_state (self->session);

  return state == KAREZ_STATE_LIVE || state == KAREZ_STATE_DEGRADED;
}

static GPtrArray *
submit (TemplateModality *self, const TemplateEdit *edit, gboolean *repeated, GError **error)
{
  *repeated = FALSE;
  if (!is_live (self))
    {
      karez_error_set (error, KAREZ_ERROR_CONFLICT, "note/not-live", N_ ("a session that is live"),
                       N_ ("The note cannot be changed now"));
      return NULL;
    }
  return template_note_submit (self->note, edit, repeated, error);
}

/* The host's part: in order, then to everybody, the author too. */
static void
take_edit (TemplateModality *self, const TemplateEdit *edit)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) parts = NULL;
  gboolean repeated;

  if (self->settling != 0)
    {
      if (self->held.length < MAX_HELD)
        g_queue_push_tail (&self->held, template_edit_copy (edit));
      return;
    }
  parts = submit (self, edit, &repeated, &error);
  if (parts == NULL)
    {
      tell_author (self, edit->participant, refusal (edit, error));
      return;
    }
  /* A host that comes back must know at least what it told: whoever knows more replaces its note.
   */
  if (!repeated)
    save_note (self);
  for (guint i = 0; i < parts->len; i++)
    {
      const TemplateEdit *part = parts->pdata[i];

      if (repeated)
        {
          tell_author (self, edit->participant, template_edit_to_json (part));
          continue;
        }
      say (self, "", template_edit_to_json (part));
      say (self, NULL, template_edit_to_json (part));
    }
}

static gboolean
on_settled (gpointer data)
{
  TemplateModality *self = data;
  TemplateEdit *held;

  self->settling = 0;
  spread_note (self);
  while ((held = g_queue_pop_head (&self->held)) != NULL)
    {
      take_edit (self, held);
      template_edit_free (held);
    }
  return G_SOURCE_REMOVE;
}

static void
settle_now (TemplateModality *self)
{
  if (self->settling == 0)
    return;
  g_source_remove (self->settling);
  on_settled (self);
}

/* What the other worker sends. */

static void
ask_for_note (TemplateModality *self)
{
  tell_peer (self, peer_note (self, "hello", FALSE), NULL);
}

static void
finish_stopping (TemplateModality *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stopping);

  if (self->last_word != 0)
    g_source_remove (self->last_word);
  self->last_word = 0;
  if (task == NULL)
    return;
  if (template_note_get_revision (self->note) > 0)
    karez_session_record (self->session, "note.keep", NULL,
                          template_note_to_json (self->note, FALSE));
  g_task_return_boolean (task, TRUE);
}

/* A hello (to the host) or a note (from the host): what the other side has. */
static gboolean
take_note (TemplateModality *self, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "hello|note" },
    { "note", KAREZ_JSON_OBJECT, TRUE },
    { "last", KAREZ_JSON_BOOLEAN, FALSE },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  gboolean host = karez_session_is_host (self->session);
  g_autoptr (TemplateNote) theirs = NULL;

  if (object == NULL)
    return FALSE;
  theirs = template_note_from_json (json_object_get_member (object, "note"), error);
  if (theirs == NULL)
    return FALSE;
  /* The host keeps what it has unless the other side knows more; the other side does as it says. */
  if (!host || template_note_get_revision (theirs) > template_note_get_revision (self->note))
    {
      template_note_free (self->note);
      self->note = g_steal_pointer (&theirs);
      say (self, "", template_note_to_json (self->note, FALSE));
    }
  if (host)
    {
      settle_now (self);
      say (self, NULL, peer_note (self, "note", FALSE));
      return TRUE;
    }
  if (karez_json_boolean (object, "last"))
    {
      self->last_word_heard = TRUE;
      finish_stopping (self);
    }
  return TRUE;
}

static gboolean
take_peer_edit (TemplateModality *self, JsonNode *node, GError **error)
{
  g_autoptr (TemplateEdit) edit = template_edit_from_json (node, error);

  if (edit == NULL)
    return FALSE;
  if (karez_session_is_host (self->session))
    {
      take_edit (self, edit);
      return TRUE;
    }
  /* An old one is the answer to a page that said something twice. */
  if (edit->revision > template_note_get_revision (self->note)
      && !template_note_follow (self->note, edit, error))
    {
      ask_for_note (self);
      return FALSE;
    }
  karez_session_broadcast (self->session, json_node_ref (node));
  return TRUE;
}

static gboolean
take_refusal (TemplateModality *self, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "refused" },
    { "edit", KAREZ_JSON_UUID, TRUE },
    { "participant", KAREZ_JSON_TEXT, TRUE, 0, 64 },
    { "rule", KAREZ_JSON_TEXT, TRUE, 0, 100 },
    { "message", KAREZ_JSON_TEXT, TRUE, 0, 1000 },
    { "accepted", KAREZ_JSON_TEXT, FALSE, 0, 1000 },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);

  if (object == NULL)
    return FALSE;
  tell_author (self, karez_json_text (object, "participant"), json_node_ref (node));
  return TRUE;
}

static gboolean
take_cursor (TemplateModality *self, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "cursor" },
    { "participant", KAREZ_JSON_TEXT, TRUE, 0, 64 },
    { "name", KAREZ_JSON_NAME, TRUE, 0, 400 },
    { "position", KAREZ_JSON_INTEGER, TRUE, -1, TEMPLATE_NOTE_MAX_CHARACTERS },
    { NULL },
  };

  if (karez_json_check (node, fields, error) == NULL)
    return FALSE;
  karez_session_broadcast (self->session, json_node_ref (node));
  return TRUE;
}

static gboolean
take_peer_message (TemplateModality *self, GBytes *payload, GError **error)
{
  g_autoptr (JsonNode) node = karez_json_parse (payload, 0, error);
  const char *type;

  if (node == NULL)
    return FALSE;
  type = JSON_NODE_HOLDS_OBJECT (node) ? karez_json_text (json_node_get_object (node), "type")
                                       : NULL;
  if (g_strcmp0 (type, "edit") == 0)
    return take_peer_edit (self, node, error);
  if (g_strcmp0 (type, "refused") == 0)
    return take_refusal (self, node, error);
  if (g_strcmp0 (type, "cursor") == 0)
    return take_cursor (self, node, error);
  return take_note (self, node, error);
}

static void
on_link_message (KarezLink *link, guint stream, GBytes *payload, TemplateModality *self)
{
  g_autoptr (GError) error = NULL;

  if (stream == STREAM && !take_peer_message (self, payload, &error))
    g_message ("%s: what the other hospital sent was left out: %s",
               karez_session_get_id (self->session), error->message);
}

static void
on_link_changed (KarezLink *link, TemplateModality *self)
{
  if (karez_session_is_host (self->session))
    return;
  if (karez_link_is_up (link))
    ask_for_note (self);
  karez_session_broadcast (self->session, karez_json_object ("type", "s", "link", "up", "b",
                                                             karez_link_is_up (link), NULL));
}

/* What the session asks. */

static void
succeed (TemplateModality *self, gpointer tag, GCancellable *cancellable,
         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, tag);
  g_task_return_boolean (task, TRUE);
}

static gboolean
finish (KarezModality *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
prepare_async (KarezModality *modality, KarezSession *session, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  TemplateModality *self = TEMPLATE_MODALITY (modality);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  KarezLink *link = karez_session_get_link (session);
  GError *error = NULL;

  g_task_set_source_tag (task, prepare_async);
  g_set_object (&self->session, session);
  g_signal_connect_object (link, "message", G_CALLBACK (on_link_message), self, 0);
  g_signal_connect_object (link, "changed", G_CALLBACK (on_link_changed), self, 0);
  if (!karez_link_open (link, STREAM, KAREZ_LINK_ALL, TRUE, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (karez_session_is_host (session) && template_note_get_revision (self->note) > 0)
    self->settling = g_timeout_add (SETTLE_MS, on_settled, self);
  if (!karez_session_is_host (session) && karez_link_is_up (link))
    ask_for_note (self);
  g_task_return_boolean (task, TRUE);
}

static gboolean
prepare_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, prepare_async, error);
}

static void
join_async (KarezModality *modality, KarezParticipant *participant, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  TemplateModality *self = TEMPLATE_MODALITY (modality);
  KarezLink *link = karez_session_get_link (self->session);

  if (karez_participant_is_local (participant) && self->settling == 0)
    say (self, karez_participant_get_id (participant), template_note_to_json (self->note, FALSE));
  if (karez_participant_is_local (participant) && !karez_session_is_host (self->session))
    karez_participant_send (participant, karez_json_object ("type", "s", "link", "up", "b",
                                                            karez_link_is_up (link), NULL));
  succeed (self, join_async, cancellable, callback, data);
}

static gboolean
join_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, join_async, error);
}

static JsonNode *
cursor_of (KarezParticipant *participant, gint64 position)
{
  KarezActor *actor = karez_participant_get_actor (participant);

  return karez_json_object ("type", "s", "cursor", "participant", "s",
                            karez_participant_get_id (participant), "name", "s",
                            karez_actor_get_name (actor), "position", "i", position, NULL);
}

static void
leave_async (KarezModality *modality, KarezParticipant *participant, GCancellable *cancellable,
             GAsyncReadyCallback callback, gpointer data)
{
  TemplateModality *self = TEMPLATE_MODALITY (modality);

  karez_session_broadcast (self->session, cursor_of (participant, -1));
  succeed (self, leave_async, cancellable, callback, data);
}

static gboolean
leave_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, leave_async, error);
}

static gboolean
on_last_word_late (gpointer data)
{
  TemplateModality *self = data;

  self->last_word = 0;
  finish_stopping (self);
  return G_SOURCE_REMOVE;
}

/* Each side keeps the note for its own hospital, and both keep the same one: the host's last. */
static void
stop_async (KarezModality *modality, const char *reason, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  TemplateModality *self = TEMPLATE_MODALITY (modality);
  gboolean host;

  g_return_if_fail (self->stopping == NULL);
  /* Nothing was prepared, so there is nothing to keep. */
  if (self->session == NULL)
    {
      succeed (self, stop_async, cancellable, callback, data);
      return;
    }
  host = karez_session_is_host (self->session);
  self->stopping = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (self->stopping, stop_async);
  settle_now (self);
  if (host)
    say (self, NULL, peer_note (self, "note", TRUE));
  /* The other side hears it before the session is over. */
  self->stopping_host = host && self->saved != self->saves;
  if (self->stopping_host)
    return;
  if (host || self->last_word_heard || !karez_link_is_up (karez_session_get_link (self->session)))
    finish_stopping (self);
  else
    self->last_word = g_timeout_add (LAST_WORD_MS, on_last_word_late, self);
}

static gboolean
stop_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, stop_async, error);
}

/* What a page sends. */

static gboolean
take_page_edit (TemplateModality *self, KarezParticipant *participant, JsonNode *node,
                GError **error)
{
  g_autoptr (TemplateEdit) edit = NULL;

  if (g_strcmp0 (karez_participant_get_role (participant), "writer") != 0)
    return karez_error_set (error, KAREZ_ERROR_DENIED, "note/reader", N_ ("somebody who writes"),
                            N_ ("You came to read this note"));
  edit = template_edit_from_json (node, error);
  if (edit == NULL)
    return FALSE;
  g_free (edit->author);
  g_free (edit->participant);
  edit->author = g_strdup (karez_actor_get_name (karez_participant_get_actor (participant)));
  edit->participant = g_strdup (karez_participant_get_id (participant));
  edit->more = FALSE;
  if (!karez_session_is_host (self->session))
    return tell_peer (self, template_edit_to_json (edit), error);
  take_edit (self, edit);
  return TRUE;
}

static gboolean
take_page_cursor (TemplateModality *self, KarezParticipant *participant, JsonNode *node,
                  GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "cursor" },
    { "position", KAREZ_JSON_INTEGER, TRUE, 0, TEMPLATE_NOTE_MAX_CHARACTERS },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  gint64 position;

  if (object == NULL)
    return FALSE;
  position = karez_json_integer (object, "position", 0);
  karez_session_broadcast (self->session, cursor_of (participant, position));
  /* A cursor that is late is worth nothing: it does not wait for the link. */
  if (karez_link_is_up (karez_session_get_link (self->session)))
    tell_peer (self, cursor_of (participant, position), NULL);
  return TRUE;
}

static gboolean
take_page_request (TemplateModality *self, KarezParticipant *participant, JsonNode *node,
                   GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "edit|cursor|resync" },
    { NULL },
  };

  if (karez_json_check (node, fields, error) == NULL)
    return FALSE;
  say (self, karez_participant_get_id (participant), template_note_to_json (self->note, FALSE));
  return TRUE;
}

static gboolean
take_message (KarezModality *modality, KarezParticipant *participant, JsonObject *body,
              GError **error)
{
  TemplateModality *self = TEMPLATE_MODALITY (modality);
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), body);
  const char *type = karez_json_text (body, "type");

  if (g_strcmp0 (type, "edit") == 0)
    return take_page_edit (self, participant, node, error);
  if (g_strcmp0 (type, "cursor") == 0)
    return take_page_cursor (self, participant, node, error);
  return take_page_request (self, participant, node, error);
}

/* What a restarted worker comes back with. */

static GBytes *
checkpoint (KarezModality *modality)
{
  TemplateModality *self = TEMPLATE_MODALITY (modality);
  g_autoptr (JsonNode) node = template_note_to_json (self->note, TRUE);
  char *text = karez_json_print (node);

  return g_bytes_new_take (text, strlen (text));
}

static gboolean
restore (KarezModality *modality, GBytes *state, GError **error)
{
  TemplateModality *self = TEMPLATE_MODALITY (modality);
  g_autoptr (JsonNode) node = karez_json_parse (state, 0, error);
  TemplateNote *note = node != NULL ? template_note_from_json (node, error) : NULL;

  if (note == NULL)
    return FALSE;
  template_note_free (self->note);
  self->note = note;
  return TRUE;
}

static void
template_modality_iface_init (KarezModalityInterface *iface)
{
  iface->prepare_async = prepare_async;
  iface->prepare_finish = prepare_finish;
  iface->join_async = join_async;
  iface->join_finish = join_finish;
  iface->leave_async = leave_async;
  iface->leave_finish = leave_finish;
  iface->stop_async = stop_async;
  iface->stop_finish = stop_finish;
  iface->message = take_message;
  iface->checkpoint = checkpoint;
  iface->restore = restore;
}

static void
template_modality_dispose (GObject *object)
{
  TemplateModality *self = TEMPLATE_MODALITY (object);

  g_clear_handle_id (&self->settling, g_source_remove);
  g_clear_handle_id (&self->last_word, g_source_remove);
  g_clear_object (&self->stopping);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (template_modality_parent_class)->dispose (object);
}

static void
template_modality_finalize (GObject *object)
{
  TemplateModality *self = TEMPLATE_MODALITY (object);

  g_queue_clear_full (&self->held, (GDestroyNotify) template_edit_free);
  g_queue_clear_full (&self->untold, saying_free);
  template_note_free (self->note);
  G_OBJECT_CLASS (template_modality_parent_class)->finalize (object);
}

static void
template_modality_class_init (TemplateModalityClass *class)
{
  G_OBJECT_CLASS (class)->dispose = template_modality_dispose;
  G_OBJECT_CLASS (class)->finalize = template_modality_finalize;
}

static void
template_modality_init (TemplateModality *self)
{
  self->note = template_note_new ();
}
