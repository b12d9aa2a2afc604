/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

#include "hub-file.h"
#include "hub-lock.h"
#include "hub-plugin-file.h"
#include "hub-plugin-marks.h"

#define USAGE                                                                                      \
  "plugins list | put-aside ID --reason TEXT | restore ID | parked | deliver ID | aside | "        \
  "retry PEER LANE SEQUENCE | records | retry-record SESSION SEQUENCE"

static CtlStatus
list (Ctl *ctl)
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
list_parked (Ctl *ctl)
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
list_aside (Ctl *ctl)
{
  static const char *const columns[] = {
    N_ ("PEER"), "peer",    N_ ("LANE"), "lane",        N_ ("SEQUENCE"), "sequence", N_ ("TOPIC"),
    "topic",     N_ ("AT"), "at",        N_ ("REASON"), "reason",        NULL
  };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/messages/aside", NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

/* Records of sessions that their plugin refused. */
static CtlStatus
list_records (Ctl *ctl)
{
  static const char *const columns[] = { N_ ("SESSION"), "session",     N_ ("SEQUENCE"),
                                         "sequence",     N_ ("ACTION"), "action",
                                         N_ ("AT"),      "at",          N_ ("REASON"),
                                         "reason",       NULL };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/records/aside", NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

static CtlStatus
post (Ctl *ctl, const char *path)
{
  CtlStatus status = ctl_call (ctl, "POST", path, NULL, NULL);

  if (status == CTL_OK)
    ctl_json (ctl, NULL);
  return status;
}

static CtlStatus
deliver (Ctl *ctl, const char *id)
{
  g_autofree char *escaped = ctl_escape (id);
  g_autofree char *path = g_strdup_printf ("/messages/parked/%s/retry", escaped);

  return post (ctl, path);
}

static CtlStatus
retry_record (Ctl *ctl, char **words)
{
  g_autofree char *session = ctl_escape (words[0]);
  g_autofree char *sequence = ctl_escape (words[1]);
  g_autofree char *path = g_strdup_printf ("/records/aside/%s/%s/retry", session, sequence);

  return post (ctl, path);
}

static CtlStatus
retry (Ctl *ctl, char **words)
{
  g_autofree char *peer = ctl_escape (words[0]);
  g_autofree char *lane = ctl_escape (words[1]);
  g_autofree char *sequence = ctl_escape (words[2]);
  g_autofree char *path = g_strdup_printf ("/messages/aside/%s/%s/%s/retry", peer, lane, sequence);

  return post (ctl, path);
}

/* Holds the hub's state while no hub does; NULL when one runs, or the state cannot be reached. */
static HubLock *
take_state (Ctl *ctl)
{
  if (ctl->socket != NULL || ctl->config == NULL)
    return NULL;
  return hub_lock_take (hub_config_text (ctl->config, "Hub", "State"), NULL);
}

/* A plugin that keeps the hub from running can be put aside without the hub. */
static CtlStatus
put_aside (Ctl *ctl, const char *id, const char *reason)
{
  g_autoptr (HubLock) lock = take_state (ctl);
  g_autofree char *directory = NULL;
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;

  if (lock == NULL)
    return act (ctl, id, "put-aside", karez_json_object ("reason", "s", reason, NULL));
  if (!hub_plugin_id_is_valid (id))
    return ctl_usage (USAGE, _ ("this is not the id of a plugin"));
  directory = g_build_filename (hub_config_text (ctl->config, "Hub", "State"), "plugins", NULL);
  if (!hub_file_make_directory (directory, 0700, &error)
      || !hub_plugin_marks_put_aside (directory, id, reason, &error))
    {
      g_printerr ("karezctl: %s\n", error->message);
      return CTL_REFUSED;
    }
  answer = karez_json_object ("id", "s", id, "state", "s", "aside", "reason", "s", reason, NULL);
  if (!ctl_json (ctl, answer))
    g_print (_ ("The hub does not run; it starts without %s.\n"), id);
  return CTL_OK;
}

CtlStatus
ctl_plugins (Ctl *ctl, int argc, char **argv)
{
  g_autofree char *reason = NULL;
  const GOptionEntry entries[] = {
    { "reason", 0, 0, G_OPTION_ARG_STRING, &reason, NULL, NULL },
    { NULL },
  };
  const char *verb;

  if (!ctl_options (entries, USAGE, &argc, &argv))
    return CTL_USAGE;
  verb = argc > 1 ? argv[1] : "";
  if (argc == 2 && g_str_equal (verb, "list") && reason == NULL)
    return list (ctl);
  if (argc == 3 && g_str_equal (verb, "put-aside") && reason != NULL)
    return put_aside (ctl, argv[2], reason);
  if (argc == 2 && g_str_equal (verb, "parked") && reason == NULL)
    return list_parked (ctl);
  if (argc == 3 && g_str_equal (verb, "deliver") && reason == NULL)
    return deliver (ctl, argv[2]);
  if (argc == 2 && g_str_equal (verb, "aside") && reason == NULL)
    return list_aside (ctl);
  if (argc == 2 && g_str_equal (verb, "records") && reason == NULL)
    return list_records (ctl);
  if (argc == 4 && g_str_equal (verb, "retry-record") && reason == NULL)
    return retry_record (ctl, argv + 2);
  if (argc == 5 && g_str_equal (verb, "retry") && reason == NULL)
    return retry (ctl, argv + 2);
  if (argc == 3 && g_str_equal (verb, "restore") && reason == NULL)
    return act (ctl, argv[2], verb, NULL);
  return ctl_usage (USAGE, NULL);
}
