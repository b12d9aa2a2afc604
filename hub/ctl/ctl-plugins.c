/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl plugins: plugins, and the messages that wait for them. */
#include "ctl-database.h"

#include "hub-file.h"
#include "hub-lock.h"
#include "hub-plugin-file.h"
#include "hub-plugin-marks.h"

static CtlStatus
list (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = {
    N_ ("PLUGIN"), "id",         N_ ("NAME"),       "name",        N_ ("VERSION"),
    "version",     N_ ("STATE"), "state",           N_ ("PARKED"), "parked",
    N_ ("REASON"), "reason",     N_ ("LAST FAULT"), "last_fault",  N_ ("MISTAKES"),
    "mistakes",    NULL
  };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/plugins", NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

static CtlStatus
act (Ctl *ctl, const char *id, const char *verb, JsonNode *body)
{
  g_autofree char *escaped = ctl_escape (id);
  g_autofree char *path = g_strdup_printf ("/plugins/%s/%s", escaped, verb);
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "POST", path, body, &answer);

  if (status == CTL_OK)
    ctl_json (ctl, answer);
  return status;
}

/* Messages of other hospitals that wait for a plugin that is away. */
static CtlStatus
list_parked (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = { N_ ("PLUGIN"), "plugin", N_ ("PEER"),     "peer",
                                         N_ ("LANE"),   "lane",   N_ ("MESSAGES"), "messages",
                                         N_ ("SINCE"),  "since",  N_ ("REASON"),   "reason",
                                         NULL };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/messages/parked", NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

/* Messages that could not be applied. */
static CtlStatus
list_dead_letters (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = {
    N_ ("PEER"), "peer",    N_ ("LANE"), "lane",        N_ ("SEQUENCE"), "sequence", N_ ("TOPIC"),
    "topic",     N_ ("AT"), "at",        N_ ("REASON"), "reason",        NULL
  };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/messages/dead-letters", NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

/* Records of sessions that their plugin refused. */
static CtlStatus
list_records (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = { N_ ("SESSION"), "session",     N_ ("SEQUENCE"),
                                         "sequence",     N_ ("ACTION"), "action",
                                         N_ ("AT"),      "at",          N_ ("REASON"),
                                         "reason",       NULL };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/records/dead-letters", NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

/* Whatever waited for it, given again. */
static CtlStatus
give_again (Ctl *ctl, const char *path)
{
  return ctl_do (ctl, "POST", path, NULL,
                 _ ("Given again; what is refused once more stays listed."));
}

static CtlStatus
deliver (Ctl *ctl, char **arguments)
{
  g_autofree char *escaped = ctl_escape (arguments[0]);
  g_autofree char *path = g_strdup_printf ("/messages/parked/%s/retry", escaped);

  return give_again (ctl, path);
}

static CtlStatus
retry_record (Ctl *ctl, char **arguments)
{
  g_autofree char *session = ctl_escape (arguments[0]);
  g_autofree char *sequence = ctl_escape (arguments[1]);
  g_autofree char *path = g_strdup_printf ("/records/dead-letters/%s/%s/retry", session, sequence);

  return give_again (ctl, path);
}

static CtlStatus
retry (Ctl *ctl, char **arguments)
{
  g_autofree char *peer = ctl_escape (arguments[0]);
  g_autofree char *lane = ctl_escape (arguments[1]);
  g_autofree char *sequence = ctl_escape (arguments[2]);
  g_autofree char *path = g_strdup_printf ("/messages/dead-letters/%s/%s/%s/retry", peer, lane,
                                           sequence);

  return give_again (ctl, path);
}

/* Holds the hub's state while no hub does; NULL when one runs, or the state cannot be reached. */
static HubLock *
take_state (Ctl *ctl)
{
  if (ctl->socket != NULL || ctl->config == NULL)
    return NULL;
  return hub_lock_take (hub_config_text (ctl->config, "Hub", "State"), NULL);
}

/* A plugin that keeps the hub from running can be disabled without the hub. */
static CtlStatus
disable (Ctl *ctl, char **arguments)
{
  const char *id = arguments[0], *reason = ctl_option (ctl, "reason");
  g_autoptr (HubLock) lock = NULL;
  g_autofree char *directory = NULL;
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;

  /* What is in the state directory is the hub's user's, who may have put anything there. */
  if (ctl->socket == NULL && !ctl_become_hub (ctl, &error))
    return ctl_refuse (error);
  lock = take_state (ctl);
  if (lock == NULL)
    {
      ctl_become_root ();
      return act (ctl, id, "disable", karez_json_object ("reason", "s", reason, NULL));
    }
  if (!hub_plugin_id_is_valid (id))
    return ctl_usage (ctl, _ ("this is not the id of a plugin"));
  directory = g_build_filename (hub_config_text (ctl->config, "Hub", "State"), "plugins", NULL);
  if (!hub_file_make_directory (directory, 0700, &error)
      || !hub_plugin_marks_disable (directory, id, reason, &error))
    {
      g_printerr ("karezctl: %s\n", error->message);
      return CTL_REFUSED;
    }
  answer = karez_json_object ("id", "s", id, "state", "s", "disabled", "reason", "s", reason, NULL);
  if (!ctl_json (ctl, answer))
    g_print (_ ("The hub does not run; it starts without %s.\n"), id);
  return CTL_OK;
}

static CtlStatus
enable (Ctl *ctl, char **arguments)
{
  return act (ctl, arguments[0], "enable", NULL);
}

static const CtlOption disable_options[] = {
  { "reason", "TEXT", N_ ("Why; it is shown in the list"), CTL_REQUIRED },
  { NULL },
};

const CtlVerb ctl_plugins_verbs[] = {
  { "list", "", N_ ("Lists the plugins, and what keeps one from running"), NULL, list },
  { "disable", "ID", N_ ("Disables a plugin, also while no hub runs"), disable_options, disable },
  { "enable", "ID", N_ ("Lets a disabled plugin start again, at the next start of the hub"), NULL,
    enable },
  { "parked", "", N_ ("Lists the messages of other hospitals that wait for a plugin"), NULL,
    list_parked },
  { "deliver", "ID", N_ ("Gives a plugin the messages that wait for it"), NULL, deliver },
  { "dead-letters", "", N_ ("Lists the messages of other hospitals that could not be applied"),
    NULL, list_dead_letters },
  { "retry", "PEER LANE SEQUENCE", N_ ("Applies such a message again"), NULL, retry },
  { "records", "", N_ ("Lists the records of sessions that their plugin refused"), NULL,
    list_records },
  { "retry-record", "SESSION SEQUENCE", N_ ("Gives a plugin such a record again"), NULL,
    retry_record },
  { NULL },
};
