/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubPages:
 * @send: to one page; @message is (transfer full); FALSE when the page is away
 * @send_problem: a refusal to one page; @session may be NULL
 * @broadcast: to every page whose person has @permission; @message is (transfer full)
 *
 * How sessions reach people's pages. The web server's, or a test's.
 */
typedef struct
{
  gboolean (*send) (gpointer data, const char *connection, JsonNode *message);
  void (*send_problem) (gpointer data, const char *connection, const char *session,
                        const GError *error);
  void (*broadcast) (gpointer data, const char *permission, JsonNode *message);
} HubPages;

G_END_DECLS
