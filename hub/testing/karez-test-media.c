/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The media of a session's worker for tests of live halves. */
#include "karez-test-media.h"

#include <sys/socket.h>
#include <unistd.h>

struct _KarezTestMedia
{
  GObject parent;

  gboolean forwarding;
  GHashTable *people;   /* of the local participants' ids */
  GHashTable *sources;  /* labels that the half declared */
  GHashTable *channels; /* labels that the half declared */
  GHashTable *taps;     /* "PARTICIPANT SOURCE" → our end, as a pointer */
};

static void media_iface_init (KarezMediaInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (KarezTestMedia, karez_test_media, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_MEDIA, media_iface_init))

static gboolean
media_take (KarezMedia *media, KarezParticipant *participant, JsonObject *message, GError **error)
{
  g_assert_true (karez_participant_is_local (participant));
  g_assert_true (karez_media_is_message (message));
  return TRUE;
}

static void
media_join (KarezMedia *media, KarezParticipant *participant)
{
  g_assert_true (karez_participant_is_local (participant));
  g_hash_table_add (KAREZ_TEST_MEDIA (media)->people,
                    g_strdup (karez_participant_get_id (participant)));
}

static void
media_leave (KarezMedia *media, KarezParticipant *participant)
{
  g_assert_true (karez_participant_is_local (participant));
  g_hash_table_remove (KAREZ_TEST_MEDIA (media)->people, karez_participant_get_id (participant));
}

static void
media_set_forwarding (KarezMedia *media, gboolean on)
{
  KAREZ_TEST_MEDIA (media)->forwarding = on;
}

static JsonNode *
media_get_statistics (KarezMedia *media)
{
  return karez_json_object ("forwarding", "b", KAREZ_TEST_MEDIA (media)->forwarding, "people", "n",
                            karez_json_array (NULL), NULL);
}

/* Each label once, and no more than a worker takes. */
static void
declare (GHashTable *labels, const char *label, guint most)
{
  g_assert_true (g_hash_table_add (labels, g_strdup (label)));
  g_assert_cmpuint (g_hash_table_size (labels), <=, most);
}

static void
media_declare_source (KarezMedia *media, const char *label, KarezSourceFlags flags)
{
  declare (KAREZ_TEST_MEDIA (media)->sources, label, KAREZ_MEDIA_MAX_SOURCES);
}

static void
media_declare_channel (KarezMedia *media, const char *label, KarezChannelFlags flags,
                       gsize max_size, guint max_rate)
{
  declare (KAREZ_TEST_MEDIA (media)->channels, label, KAREZ_MEDIA_MAX_CHANNELS);
}

static gboolean
media_send (KarezMedia *media, KarezParticipant *participant, const char *label, GBytes *message,
            GError **error)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (message, NULL), g_bytes_get_size (message));

  g_assert_true (g_hash_table_contains (KAREZ_TEST_MEDIA (media)->channels, label));
  karez_participant_send (participant, karez_json_object ("type", "s", "channel", "label", "s",
                                                          label, "text", "s", text, NULL));
  return TRUE;
}

static void
close_tap (gpointer fd)
{
  close (GPOINTER_TO_INT (fd));
}

static int
media_tap (KarezMedia *media, const char *participant, const char *source, GError **error)
{
  KarezTestMedia *self = KAREZ_TEST_MEDIA (media);
  int ends[2] = { -1, -1 };

  g_assert_true (g_hash_table_size (self->sources) == 0
                 || g_hash_table_contains (self->sources, source));
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_hash_table_insert (self->taps, g_strdup_printf ("%s %s", participant, source),
                       GINT_TO_POINTER (ends[0]));
  return ends[1];
}

static int
media_publish (KarezMedia *media, const char *participant, const char *source, KarezCodec codec,
               GError **error)
{
  return media_tap (media, participant, source, error);
}

static void
media_iface_init (KarezMediaInterface *iface)
{
  iface->take = media_take;
  iface->join = media_join;
  iface->leave = media_leave;
  iface->set_forwarding = media_set_forwarding;
  iface->get_statistics = media_get_statistics;
  iface->declare_source = media_declare_source;
  iface->declare_channel = media_declare_channel;
  iface->send = media_send;
  iface->tap = media_tap;
  iface->publish = media_publish;
}

KarezTestMedia *
karez_test_media_new (void)
{
  return g_object_new (KAREZ_TEST_TYPE_MEDIA, NULL);
}

void
karez_test_media_forget (KarezTestMedia *self)
{
  self->forwarding = FALSE;
  g_hash_table_remove_all (self->people);
  g_hash_table_remove_all (self->sources);
  g_hash_table_remove_all (self->channels);
  g_hash_table_remove_all (self->taps);
}

int
karez_test_media_find_tap (KarezTestMedia *self, const char *participant, const char *source)
{
  g_autofree char *key = g_strdup_printf ("%s %s", participant, source);
  gpointer fd = NULL;

  return g_hash_table_lookup_extended (self->taps, key, NULL, &fd) ? GPOINTER_TO_INT (fd) : -1;
}

gboolean
karez_test_media_is_forwarding (KarezTestMedia *self)
{
  return self->forwarding;
}

guint
karez_test_media_count (KarezTestMedia *self)
{
  return g_hash_table_size (self->people);
}

void
karez_test_media_receive (KarezTestMedia *self, KarezParticipant *participant, const char *label,
                          const char *text)
{
  g_autoptr (GBytes) message = g_bytes_new (text, strlen (text));

  g_assert_true (karez_participant_is_local (participant));
  g_assert_true (g_hash_table_contains (self->channels, label));
  g_signal_emit_by_name (self, "message", participant, label, message);
}

static void
karez_test_media_finalize (GObject *object)
{
  KarezTestMedia *self = KAREZ_TEST_MEDIA (object);

  g_hash_table_unref (self->people);
  g_hash_table_unref (self->sources);
  g_hash_table_unref (self->channels);
  g_hash_table_unref (self->taps);
  G_OBJECT_CLASS (karez_test_media_parent_class)->finalize (object);
}

static void
karez_test_media_class_init (KarezTestMediaClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_test_media_finalize;
}

static void
karez_test_media_init (KarezTestMedia *self)
{
  self->people = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->sources = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->channels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->taps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, close_tap);
}
