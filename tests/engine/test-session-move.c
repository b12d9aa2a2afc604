/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done first when somebody asks a hub to move a session, for each state and word. */
#include "hub-session-move.h"

#define ID "0197e5f0-0000-7000-8000-0000000000aa"

static const char *const words[] = { "prepare", "start", "hold", "panic", "resume", "stop" };

/* A session without a process, at its host or a mirror. */
typedef struct
{
  HubSessionServices *services;
  HubSessionInfo *info;
  HubSessionWorker *worker;
} Fixture;

static void
make (Fixture *f, gboolean hosted, KarezState state, guint32 generation)
{
  HubSupervisorConfig config = { .runtime_dir = "/nowhere",
                                 .state_dir = "/nowhere",
                                 .worker = "/bin/false",
                                 .link_address = "127.0.0.1" };
  g_autoptr (JsonNode) booking = karez_json_object ("id", "s", ID, NULL);

  f->services = hub_session_services_new ();
  f->services->supervisor = hub_supervisor_new (&config);
  f->info = hub_session_info_new (ID, "count", "Counting", "here", "there", hosted, booking);
  if (state != KAREZ_STATE_PLANNED)
    hub_session_info_take_state (f->info, state, 5, NULL);
  f->worker = hub_session_worker_new (f->services, f->info, generation);
}

static void
drop (Fixture *f)
{
  g_assert_finalize_object (f->worker);
  g_assert_finalize_object (f->info);
  hub_session_services_unref (f->services);
}

static gboolean
leads_away (const char *word)
{
  return g_str_equal (word, "hold") || g_str_equal (word, "panic") || g_str_equal (word, "stop");
}

/* Without a worker the table decides; a worker that is away is no reason to do without a step. */
static void
test_host (void)
{
  for (KarezState state = KAREZ_STATE_PLANNED; state <= KAREZ_STATE_FAILED; state++)
    for (guint i = 0; i < G_N_ELEMENTS (words); i++)
      {
        const HubEdge *edge = hub_session_machine_find (state, words[i], NULL);
        gboolean done = leads_away (words[i])
                        && (state == KAREZ_STATE_STOPPING || state == KAREZ_STATE_ENDED
                            || state == KAREZ_STATE_FAILED);
        g_autoptr (GError) error = NULL;
        Fixture f = { 0 };
        guint step;

        make (&f, TRUE, state, 0);
        step = hub_session_move_choose (f.info, f.worker, words[i], &error);
        if (done)
          g_assert_cmpuint (step, ==, KAREZ_STEP_NONE);
        else if (edge == NULL)
          g_assert_cmpstr (karez_error_get_rule (error), ==, "session/edge");
        else if (g_str_equal (words[i], "prepare"))
          g_assert_cmpuint (step, ==, HUB_MOVE_BOOKING);
        else
          g_assert_cmpuint (step, ==, state == KAREZ_STATE_PLANNED ? HUB_MOVE_END : HUB_MOVE_TELL);
        g_assert_true (error == NULL || (edge == NULL && !done));
        drop (&f);
      }
}

/* A word away from risk is kept for a worker that is on its way, in every state in which there can
 * be one; a word towards risk never is. */
static void
test_on_its_way (void)
{
  for (KarezState state = KAREZ_STATE_PREPARING; state <= KAREZ_STATE_HELD; state++)
    for (guint i = 0; i < G_N_ELEMENTS (words); i++)
      {
        Fixture f = { 0 };
        guint step;

        make (&f, TRUE, state, 1);
        hub_session_worker_announce (f.worker);
        step = hub_session_move_choose (f.info, f.worker, words[i], NULL);
        if (leads_away (words[i]))
          g_assert_cmpuint (step, ==, HUB_MOVE_WAIT);
        else
          g_assert_cmpuint (step, !=, HUB_MOVE_WAIT);
        drop (&f);
      }
}

/* Its worker is being recorded, and the state is still PLANNED: a stop does not pass it by. */
static void
test_beginning (void)
{
  Fixture f = { 0 };

  make (&f, TRUE, KAREZ_STATE_PLANNED, 1);
  g_assert_cmpuint (hub_session_move_choose (f.info, f.worker, "stop", NULL), ==, HUB_MOVE_WAIT);
  drop (&f);
}

/* What its hub is ending has nothing left to hold. */
static void
test_ending (void)
{
  Fixture f = { 0 };

  make (&f, TRUE, KAREZ_STATE_LIVE, 3);
  g_assert_cmpuint (hub_session_move_choose (f.info, f.worker, "hold", NULL), ==, HUB_MOVE_TELL);
  hub_session_info_set_ending (f.info, TRUE);
  g_assert_cmpuint (hub_session_move_choose (f.info, f.worker, "hold", NULL), ==, KAREZ_STEP_NONE);
  drop (&f);
}

/* A mirror does on its own side what leads away from risk before it asks; the rest it notes. */
static void
test_mirror (void)
{
  for (KarezState state = KAREZ_STATE_PLANNED; state <= KAREZ_STATE_HELD; state++)
    for (guint i = 0; i < G_N_ELEMENTS (words); i++)
      {
        g_autoptr (GError) error = NULL;
        Fixture f = { 0 };
        guint step;

        make (&f, FALSE, state, 1);
        step = hub_session_move_choose (f.info, f.worker, words[i], &error);
        g_assert_no_error (error);
        g_assert_cmpuint (step, ==, leads_away (words[i]) ? HUB_MOVE_WORD : HUB_MOVE_NOTE);
        drop (&f);
      }
}

static void
test_nobody_asks (void)
{
  g_autoptr (GError) error = NULL;
  Fixture f = { 0 };

  make (&f, TRUE, KAREZ_STATE_DEGRADED, 1);
  hub_session_move_choose (f.info, f.worker, "heal", &error);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "session/edge-name");
  drop (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session-move/host", test_host);
  g_test_add_func ("/session-move/on-its-way", test_on_its_way);
  g_test_add_func ("/session-move/beginning", test_beginning);
  g_test_add_func ("/session-move/ending", test_ending);
  g_test_add_func ("/session-move/mirror", test_mirror);
  g_test_add_func ("/session-move/nobody-asks", test_nobody_asks);
  return g_test_run ();
}
