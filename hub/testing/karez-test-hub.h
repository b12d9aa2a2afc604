/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-test-worker.h"

G_BEGIN_DECLS

#define KAREZ_TEST_TYPE_HUB (karez_test_hub_get_type ())
/**
 * KarezTestHub:
 * A hub for a control half's test, without HTTP, partners or a process of its own. What the key
 * file grants is granted, judged by the hub's own code, and nothing else:
 *
 * - store: the plugin's schema in a real PostgreSQL, with its migrations, its role, and the rule
 *   that no act is without its event. karez-testing-1.pc names with_database, a program that runs a
 *   test with an empty database of its own; karez_test_hub_has_database() says whether there is
 * one.
 * - audit: what is appended is an event in the database, or in memory where there is no store.
 * - agenda: the bookings that karez_test_hub_add_booking() put there; none of the rules about
 *   resources, times and answers.
 * - routes: asked by karez_test_hub_request(), with permissions as the hub has them. No HTTP, so no
 *   limits of sizes and rates, and no check against api.json.
 * - peers: partners that the test plays. A post of the plugin's stays in the outbox.
 * - settings: the key file's, over which karez_test_hub_set() writes.
 *
 * Modules, pages and catalogues are not loaded. Its functions turn the main loop until they have
 * their answer, for 30 s at most. Main thread only.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC
G_DECLARE_FINAL_TYPE (KarezTestHub, karez_test_hub, KAREZ_TEST, HUB, GObject)

/**
 * karez_test_hub_new:
 * @key_file: path of the plugin's key file, with its modules beside it: as in a build directory
 *
 * A hub with one plugin, which is not enabled yet. A key file that a hub would refuse is an error.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezTestHub *karez_test_hub_new (const char *key_file, GError **error);
/**
 * karez_test_hub_has_database:
 * @why: (out) (optional): why there is none
 *
 * Whether a hub here can give a plugin a store: KAREZ_TEST_DATABASE names an empty database, and
 * this library was built with PostgreSQL. A test skips what needs one:
 * `if (!karez_test_hub_has_database (&why)) g_test_skip (why);`
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_test_hub_has_database (const char **why);
/**
 * karez_test_hub_set:
 * @key: of [Settings] in the key file
 *
 * What karez.conf says for the plugin. Before karez_test_hub_enable().
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_hub_set (KarezTestHub *self, const char *key, const char *value);
/**
 * karez_test_hub_enable:
 * @plugin: the type of the control half, whose sources and resources the test is linked with
 *
 * Migrates the plugin's schema where it has one, makes the control half and enables it. The first
 * time, the database is emptied before; one that is a hub's is refused.
 * A migration or a statement that the database refuses is a warning of the store, too, which ends a
 * test where warnings do (g_test_init()).
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_test_hub_enable (KarezTestHub *self, GType plugin, GError **error);
/**
 * karez_test_hub_disable:
 *
 * Disables the control half, and lets go of it.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_test_hub_disable (KarezTestHub *self, GError **error);
/**
 * karez_test_hub_get_plugin:
 *
 * Returns: (transfer none) (nullable): the control half while it is enabled
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezPlugin *karez_test_hub_get_plugin (KarezTestHub *self);
/**
 * karez_test_hub_get_context:
 *
 * Returns: (transfer none) (nullable): what the control half has, for the test of a part of it
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezContext *karez_test_hub_get_context (KarezTestHub *self);
/**
 * karez_test_hub_run_for:
 *
 * Turns the main loop for a while.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_hub_run_for (KarezTestHub *self, guint ms);

/**
 * karez_test_booking:
 * @modality: its kind of session
 * @minutes: how long, from an hour from now on
 *
 * A booking as the API shows it, confirmed, of an id of its own; this hub asks for it.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_test_booking (const char *modality, guint minutes);
/**
 * karez_test_hub_check_booking:
 *
 * Asks the control half whether it takes a booking.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_test_hub_check_booking (KarezTestHub *self, JsonNode *booking,
                                                    GError **error);
/**
 * karez_test_hub_add_booking:
 *
 * Puts a booking into the agenda, in place of one of the same id, and says so by the agenda's
 * "changed".
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_hub_add_booking (KarezTestHub *self, JsonNode *booking);

/**
 * karez_test_hub_set_person:
 * @id: (nullable): a UUID; NULL for who asked at first
 *
 * Somebody else asks from now on.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_hub_set_person (KarezTestHub *self, const char *id);
/**
 * karez_test_hub_request:
 * @role: of the account that asks: "clinician"; what the role may not is answered 403
 * @path: below /api/v1, with a query if there is one: "/x/template/sessions/ID/note"
 * @body: (transfer full) (nullable): a JSON object
 * @answer: (out) (optional) (transfer full) (nullable): what was answered; of a refusal
 *   {"status", "rule", "detail", "accepted"}
 *
 * One request of a person whose id is the same until karez_test_hub_set_person(); an act carries an
 * Idempotency-Key of its own. For karez_request_confirm_async(), their password is "password".
 *
 * Returns: the HTTP status
 *
 * Since: 1.1
 */
KAREZ_PUBLIC guint karez_test_hub_request (KarezTestHub *self, const char *role, const char *method,
                                           const char *path, JsonNode *body, JsonNode **answer);
/**
 * karez_test_hub_request_bytes:
 * @body: (nullable): for a route that takes bytes
 * @answer: (out) (optional) (transfer full) (nullable): the whole of what was answered, streams too
 *
 * The same for routes that take or give bytes.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC guint karez_test_hub_request_bytes (KarezTestHub *self, const char *role,
                                                 const char *method, const char *path, GBytes *body,
                                                 GBytes **answer);

/**
 * karez_test_hub_record:
 * @session: a UUID
 * @sequence: from 1 on, for each session; one that came before has no second effect
 * @actor: (nullable): who did it
 * @body: (transfer full): an object
 *
 * Hands the control half what a live half recorded; words of consent, which the hub keeps itself,
 * are only looked at.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_test_hub_record (KarezTestHub *self, const char *session,
                                             gint64 sequence, const char *action, KarezActor *actor,
                                             JsonNode *body, GError **error);
/**
 * karez_test_hub_keep:
 *
 * Hands over all that a worker recorded, in order, until one is refused.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_test_hub_keep (KarezTestHub *self, KarezTestWorker *worker,
                                           GError **error);

/**
 * karez_test_hub_set_peer:
 * @peer: a UUID
 *
 * A partner is there, or it stands otherwise with it; the plugin is told.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_hub_set_peer (KarezTestHub *self, const char *peer,
                                           KarezPeerState state);
/**
 * karez_test_hub_post:
 * @body: (transfer full): an object
 *
 * A post of a partner arrives: %KAREZ_ERROR_NOT_FOUND where the plugin handles none of its topic,
 * or what its handler said.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_test_hub_post (KarezTestHub *self, const char *peer, const char *topic,
                                           JsonNode *body, GError **error);
/**
 * karez_test_hub_call:
 * @body: (transfer full) (nullable): the question
 *
 * A partner asks.
 *
 * Returns: (transfer full): the answer
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_test_hub_call (KarezTestHub *self, const char *peer, const char *topic,
                                            JsonNode *body, GError **error);
/**
 * karez_test_hub_pull:
 * @cursor: (nullable): where it stands
 *
 * A partner reads a feed.
 *
 * Returns: (transfer full): {"items", "cursor", "more"}
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_test_hub_pull (KarezTestHub *self, const char *peer, const char *feed,
                                            const char *cursor, guint limit, GError **error);
/**
 * karez_test_hub_answer:
 * @topic: of a call, or the name of a feed
 * @answer: (transfer full) (nullable): %NULL: it does not answer, which is so from the start
 *
 * What partners answer from now on when the plugin asks them.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_hub_answer (KarezTestHub *self, const char *topic, JsonNode *answer);
/**
 * karez_test_hub_count_asked:
 *
 * How often the plugin asked partners for a topic or a feed.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC guint karez_test_hub_count_asked (KarezTestHub *self, const char *topic);

/**
 * karez_test_hub_provide:
 * @name: as the key file has it: Requires=service/NAME or Wants=service/NAME
 * @service: (nullable): an object of @type; %NULL: the plugin that provided it is gone
 *
 * Another plugin provides a service, or does so no more; the plugin is told by "service-changed".
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_hub_provide (KarezTestHub *self, const char *name, GType type,
                                          guint version, gpointer service);

/**
 * karez_test_hub_get_events:
 *
 * What is on record, oldest first: [{"action", "actor", "outcome", "table", "row", "session",
 * "patient", "details"}], without the migrations.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_test_hub_get_events (KarezTestHub *self);
/**
 * karez_test_hub_count_events:
 *
 * How often an action is on record.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC guint karez_test_hub_count_events (KarezTestHub *self, const char *action);
/**
 * karez_test_hub_get_posts:
 *
 * What the plugin posted to partners, oldest first: [{"peer", "lane", "topic", "body"}].
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_test_hub_get_posts (KarezTestHub *self);

G_END_DECLS
