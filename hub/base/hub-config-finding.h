/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HubConfigFault:
 * @HUB_CONFIG_FAULT_FILE: the file cannot be read, or a line of it
 * @HUB_CONFIG_FAULT_UNKNOWN: a group or key that nothing reads
 * @HUB_CONFIG_FAULT_VALUE: a value that is wrong, or is missing
 * @HUB_CONFIG_FAULT_AWAY: a value that names what is not there now and may come by itself: an
 *   address, a folder, a socket
 * @HUB_CONFIG_FAULT_REMARK: a value that is used all the same, and is told
 */
typedef enum
{
  HUB_CONFIG_FAULT_FILE,
  HUB_CONFIG_FAULT_UNKNOWN,
  HUB_CONFIG_FAULT_VALUE,
  HUB_CONFIG_FAULT_AWAY,
  HUB_CONFIG_FAULT_REMARK,
} HubConfigFault;

/**
 * HubConfigFinding:
 * One thing that is wrong with a configuration.
 * @place: the file, or the option of the command line
 * @line: 0 for no line
 * @group, @key: (nullable)
 * @message, @accepted: msgids whose only conversion is one %s
 */
typedef struct
{
  HubConfigFault fault;
  char *place;
  guint line;
  char *group, *key;
  const char *message, *accepted;
  char *message_argument, *accepted_argument; /* (nullable) */
} HubConfigFinding;

void hub_config_finding_free (HubConfigFinding *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubConfigFinding, hub_config_finding_free)

/* How a text is said in the reader's language: gettext(); NULL leaves it English. */
typedef const char *(*HubConfigSay) (const char *msgid);

/* "/etc/karez/karez.conf:7: [Web] Port: “x” is not accepted; accepted: …". One line, UTF-8 that can
 * be shown. Returns: (transfer full) */
char *hub_config_finding_print (const HubConfigFinding *self, HubConfigSay say);

/* A value as it can be shown in one line: what cannot be read as "?", cut at 80 characters.
 * Returns: (transfer full) */
char *hub_config_show (const char *value);

/* The one of @words that somebody who wrote @word may have meant. Returns: (nullable) */
const char *hub_config_nearest (const char *word, const char *const *words);

G_END_DECLS
