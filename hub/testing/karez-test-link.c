/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's link for tests of live halves. */
#include "karez-test-link.h"

#include <string.h>

typedef struct
{
  guint number;
  gboolean ordered;
} Stream;

typedef struct
{
  Stream stream;
  GBytes *payload;
} Message;

struct _KarezTestLink
{
  GObject parent_instance;

  KarezTestLink *other; /* not owned; NULL once it is gone */
  gboolean up;
  GArray *streams;   /* of Stream */
  GQueue on_the_way; /* of Message, to us */
};

static void link_iface_init (KarezLinkInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (KarezTestLink, karez_test_link, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_LINK, link_iface_init))

static void
message_free (gpointer data)
{
  Message *message = data;

  g_bytes_unref (message->payload);
  g_free (message);
}

static Stream *
find (KarezTestLink *self, guint number)
{
  for (guint i = 0; i < self->streams->len; i++)
    if (g_array_index (self->streams, Stream, i).number == number)
      return &g_array_index (self->streams, Stream, i);
  return NULL;
}

static gboolean
link_open (KarezLink *link, guint number, KarezLinkPolicy policy, gboolean ordered, GError **error)
{
  const Stream stream = { number, ordered };

  g_assert_cmpuint (number, >=, KAREZ_LINK_FIRST_STREAM);
  g_assert_cmpuint (number, <, 256);
  g_assert_null (find (KAREZ_TEST_LINK (link), number));
  g_array_append_val (KAREZ_TEST_LINK (link)->streams, stream);
  return TRUE;
}

static gboolean
link_send (KarezLink *link, guint number, GBytes *payload, GError **error)
{
  KarezTestLink *self = KAREZ_TEST_LINK (link);
  Stream *stream = find (self, number);
  Message *message = NULL;

  g_assert_nonnull (stream);
  if (g_bytes_get_size (payload)
      > (stream->ordered ? KAREZ_LINK_MAX_MESSAGE : KAREZ_LINK_MAX_DATAGRAM))
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "link/size", NULL,
                            "The message is too long for the link");
  if (!stream->ordered && !self->up)
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "link/down", NULL, "The link is down");
  if (self->other != NULL)
    {
      message = g_new0 (Message, 1);
      message->stream = *stream;
      message->payload = g_bytes_ref (payload);
      g_queue_push_tail (&self->other->on_the_way, message);
    }
  g_signal_emit_by_name (self, "sent");
  return TRUE;
}

static gboolean
link_is_up (KarezLink *link)
{
  return KAREZ_TEST_LINK (link)->up;
}

static JsonNode *
link_get_statistics (KarezLink *link)
{
  return karez_json_object ("up", "b", KAREZ_TEST_LINK (link)->up, "paths", "n",
                            karez_json_array (NULL), "generation", "i", (gint64) 1, NULL);
}

static void
link_iface_init (KarezLinkInterface *iface)
{
  iface->open = link_open;
  iface->send = link_send;
  iface->is_up = link_is_up;
  iface->get_statistics = link_get_statistics;
}

void
karez_test_link_join (KarezTestLink *self, KarezTestLink *other)
{
  g_set_weak_pointer (&self->other, other);
}

void
karez_test_link_set_up (KarezTestLink *self, gboolean up)
{
  self->up = up;
  g_signal_emit_by_name (self, "changed");
}

void
karez_test_link_close (KarezTestLink *self)
{
  g_array_set_size (self->streams, 0);
}

static void
emit (KarezTestLink *self, Stream *stream, GBytes *payload)
{
  g_signal_emit_by_name (self, stream->ordered ? "message" : "datagram", stream->number, payload);
}

gboolean
karez_test_link_deliver (KarezTestLink *self)
{
  Message *message = g_queue_pop_head (&self->on_the_way);

  if (message == NULL)
    return FALSE;
  emit (self, &message->stream, message->payload);
  message_free (message);
  return TRUE;
}

void
karez_test_link_lose (KarezTestLink *self)
{
  g_assert_cmpuint (self->on_the_way.length, >, 0);
  message_free (g_queue_pop_head (&self->on_the_way));
}

guint
karez_test_link_count (KarezTestLink *self)
{
  return self->on_the_way.length;
}

void
karez_test_link_receive (KarezTestLink *self, const char *text)
{
  g_autoptr (GBytes) payload = g_bytes_new (text, strlen (text));

  g_assert_cmpuint (self->streams->len, >, 0);
  emit (self, &g_array_index (self->streams, Stream, 0), payload);
}

static void
karez_test_link_finalize (GObject *object)
{
  KarezTestLink *self = KAREZ_TEST_LINK (object);

  g_clear_weak_pointer (&self->other);
  g_array_unref (self->streams);
  g_queue_clear_full (&self->on_the_way, message_free);

  G_OBJECT_CLASS (karez_test_link_parent_class)->finalize (object);
}

static void
karez_test_link_class_init (KarezTestLinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_test_link_finalize;
  g_signal_new ("sent", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 0);
}

static void
karez_test_link_init (KarezTestLink *self)
{
  self->streams = g_array_new (FALSE, FALSE, sizeof (Stream));
}

KarezTestLink *
karez_test_link_new (void)
{
  return g_object_new (KAREZ_TEST_TYPE_LINK, NULL);
}
