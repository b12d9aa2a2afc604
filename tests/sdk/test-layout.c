/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The structures that a plugin fills or reads are where they were in libkarez 1.0, which is where a
 * plugin that was built then looks: what is new takes the place of padding. Numbers are of 64 bits.
 */
#include <karez.h>

#include <stddef.h>

typedef struct
{
  const char *name;
  gsize is, was;
} Place;

#define SIZE(Type, was)                                                                            \
  {                                                                                                \
#Type, sizeof(Type), was                                                                       \
  }
#define MEMBER(Type, member, was)                                                                  \
  {                                                                                                \
#Type "." #member, offsetof(Type, member), was                                                 \
  }

static const Place places[] = {
  SIZE (KarezContextInterface, 104),
  MEMBER (KarezContextInterface, get_service, 16),
  MEMBER (KarezContextInterface, get_plugin_id, 24),
  MEMBER (KarezContextInterface, get_hub_id, 32),
  SIZE (KarezJsonField, 40),
  MEMBER (KarezJsonField, name, 0),
  MEMBER (KarezJsonField, type, 8),
  MEMBER (KarezJsonField, required, 12),
  MEMBER (KarezJsonField, min, 16),
  MEMBER (KarezJsonField, max, 24),
  MEMBER (KarezJsonField, accepted, 32),
  SIZE (KarezLinkInterface, 112),
  MEMBER (KarezLinkInterface, open, 16),
  MEMBER (KarezLinkInterface, send, 24),
  MEMBER (KarezLinkInterface, is_up, 32),
  MEMBER (KarezLinkInterface, get_statistics, 40),
  SIZE (KarezMediaInterface, 120),
  MEMBER (KarezMediaInterface, take, 16),
  MEMBER (KarezMediaInterface, join, 24),
  MEMBER (KarezMediaInterface, leave, 32),
  MEMBER (KarezMediaInterface, set_forwarding, 40),
  MEMBER (KarezMediaInterface, get_statistics, 48),
  MEMBER (KarezMediaInterface, declare_channel, 56),
  MEMBER (KarezMediaInterface, send, 64),
  MEMBER (KarezMediaInterface, declare_source, 72),
  MEMBER (KarezMediaInterface, tap, 80),
  SIZE (KarezTapPacket, 24),
  MEMBER (KarezTapPacket, codec, 2),
  MEMBER (KarezTapPacket, flags, 3),
  MEMBER (KarezTapPacket, track, 4),
  MEMBER (KarezTapPacket, arrival, 8),
  MEMBER (KarezTapPacket, capture, 16),
  SIZE (KarezModalityInterface, 240),
  MEMBER (KarezModalityInterface, prepare_async, 16),
  MEMBER (KarezModalityInterface, prepare_finish, 24),
  MEMBER (KarezModalityInterface, preflight_async, 32),
  MEMBER (KarezModalityInterface, preflight_finish, 40),
  MEMBER (KarezModalityInterface, start_async, 48),
  MEMBER (KarezModalityInterface, start_finish, 56),
  MEMBER (KarezModalityInterface, join_async, 64),
  MEMBER (KarezModalityInterface, join_finish, 72),
  MEMBER (KarezModalityInterface, leave_async, 80),
  MEMBER (KarezModalityInterface, leave_finish, 88),
  MEMBER (KarezModalityInterface, hold_async, 96),
  MEMBER (KarezModalityInterface, hold_finish, 104),
  MEMBER (KarezModalityInterface, resume_async, 112),
  MEMBER (KarezModalityInterface, resume_finish, 120),
  MEMBER (KarezModalityInterface, stop_async, 128),
  MEMBER (KarezModalityInterface, stop_finish, 136),
  MEMBER (KarezModalityInterface, panic, 144),
  MEMBER (KarezModalityInterface, message, 152),
  MEMBER (KarezModalityInterface, checkpoint, 160),
  MEMBER (KarezModalityInterface, restore, 168),
  SIZE (KarezPeersInterface, 144),
  MEMBER (KarezPeersInterface, call_async, 16),
  MEMBER (KarezPeersInterface, call_finish, 24),
  MEMBER (KarezPeersInterface, pull_async, 32),
  MEMBER (KarezPeersInterface, pull_finish, 40),
  MEMBER (KarezPeersInterface, handle_call, 48),
  MEMBER (KarezPeersInterface, handle_post, 56),
  MEMBER (KarezPeersInterface, serve_feed, 64),
  MEMBER (KarezPeersInterface, list, 72),
  SIZE (KarezPluginInterface, 144),
  MEMBER (KarezPluginInterface, enable_async, 16),
  MEMBER (KarezPluginInterface, enable_finish, 24),
  MEMBER (KarezPluginInterface, disable_async, 32),
  MEMBER (KarezPluginInterface, disable_finish, 40),
  MEMBER (KarezPluginInterface, check_booking_async, 48),
  MEMBER (KarezPluginInterface, check_booking_finish, 56),
  MEMBER (KarezPluginInterface, record_async, 64),
  MEMBER (KarezPluginInterface, record_finish, 72),
  SIZE (KarezRecord, 48),
  MEMBER (KarezRecord, session, 0),
  MEMBER (KarezRecord, origin, 8),
  MEMBER (KarezRecord, sequence, 16),
  MEMBER (KarezRecord, action, 24),
  MEMBER (KarezRecord, actor, 32),
  MEMBER (KarezRecord, body, 40),
  SIZE (KarezAbi, 24),
  MEMBER (KarezAbi, magic, 0),
  MEMBER (KarezAbi, major, 4),
  MEMBER (KarezAbi, minor, 6),
  MEMBER (KarezAbi, kind, 8),
  MEMBER (KarezAbi, interface_size, 12),
  MEMBER (KarezAbi, get_type, 16),
  SIZE (KarezRequestClass, 288),
  MEMBER (KarezRequestClass, get_actor, 136),
  MEMBER (KarezRequestClass, get_path_part, 144),
  MEMBER (KarezRequestClass, get_query, 152),
  MEMBER (KarezRequestClass, get_body, 160),
  MEMBER (KarezRequestClass, begin, 168),
  MEMBER (KarezRequestClass, respond, 176),
  MEMBER (KarezRequestClass, respond_bytes, 184),
  MEMBER (KarezRequestClass, fail, 192),
  MEMBER (KarezRequestClass, get_idempotency_key, 200),
  MEMBER (KarezRequestClass, translate, 208),
  MEMBER (KarezRequestClass, get_bytes, 216),
  MEMBER (KarezRequestClass, confirm_async, 224),
  MEMBER (KarezRequestClass, confirm_finish, 232),
  MEMBER (KarezRequestClass, respond_stream, 240),
  MEMBER (KarezRequestClass, may, 248),
  SIZE (KarezRoutesInterface, 88),
  MEMBER (KarezRoutesInterface, add, 16),
  SIZE (KarezStream, 40),
  MEMBER (KarezStream, media_type, 0),
  MEMBER (KarezStream, name, 8),
  MEMBER (KarezStream, tag, 16),
  MEMBER (KarezStream, size, 24),
  MEMBER (KarezStream, shown, 32),
  SIZE (KarezRowsSource, 48),
  MEMBER (KarezRowsSource, n_rows, 0),
  MEMBER (KarezRowsSource, n_columns, 4),
  MEMBER (KarezRowsSource, affected, 8),
  MEMBER (KarezRowsSource, column_name, 16),
  MEMBER (KarezRowsSource, value, 24),
  MEMBER (KarezRowsSource, data, 32),
  MEMBER (KarezRowsSource, destroy, 40),
  SIZE (KarezAgendaInterface, 96),
  MEMBER (KarezAgendaInterface, get_booking_async, 16),
  MEMBER (KarezAgendaInterface, get_booking_finish, 24),
  SIZE (KarezAuditInterface, 96),
  MEMBER (KarezAuditInterface, append_async, 16),
  MEMBER (KarezAuditInterface, append_finish, 24),
  SIZE (KarezSettingsInterface, 88),
  MEMBER (KarezSettingsInterface, get, 16),
  SIZE (KarezSessionInterface, 168),
  MEMBER (KarezSessionInterface, get_id, 16),
  MEMBER (KarezSessionInterface, get_hub, 24),
  MEMBER (KarezSessionInterface, get_booking, 32),
  MEMBER (KarezSessionInterface, get_state, 40),
  MEMBER (KarezSessionInterface, is_host, 48),
  MEMBER (KarezSessionInterface, get_link, 56),
  MEMBER (KarezSessionInterface, get_participants, 64),
  MEMBER (KarezSessionInterface, record, 72),
  MEMBER (KarezSessionInterface, report, 80),
  MEMBER (KarezSessionInterface, hold, 88),
  MEMBER (KarezSessionInterface, finish, 96),
  MEMBER (KarezSessionInterface, get_media, 104),
  MEMBER (KarezSessionInterface, save_async, 112),
  MEMBER (KarezSessionInterface, save_finish, 120),
  MEMBER (KarezSessionInterface, request_preflight, 128),
  MEMBER (KarezSessionInterface, start_program, 136),
  SIZE (KarezStoreInterface, 104),
  MEMBER (KarezStoreInterface, query_async, 16),
  MEMBER (KarezStoreInterface, query_finish, 24),
  MEMBER (KarezStoreInterface, begin, 32),
  MEMBER (KarezStoreInterface, query_bulk_async, 40),
  SIZE (KarezTransactionClass, 232),
  MEMBER (KarezTransactionClass, run, 136),
  MEMBER (KarezTransactionClass, commit_async, 144),
  MEMBER (KarezTransactionClass, commit_finish, 152),
  MEMBER (KarezTransactionClass, get_rows, 160),
  SIZE (KarezTransitionClass, 184),
  MEMBER (KarezTransitionClass, next_step, 136),
  MEMBER (KarezTransitionClass, execute_step, 144),
};

static void
test_layout (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (places[i].is != places[i].was)
      g_error ("%s is %zu and was %zu", places[i].name, places[i].is, places[i].was);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (sizeof (gpointer) == 8)
    g_test_add_func ("/abi/layout", test_layout);
  return g_test_run ();
}
