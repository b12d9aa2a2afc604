/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * hub_log:
 * @topic: the part that speaks: "peers"
 * @subject: (nullable): whom or what it is about: a session's, peer's or plugin's id
 * @format: one plain sentence; no secrets, no patient's data
 *
 * A structured log line with the fields TOPIC and SUBJECT besides GLib's own; to journald where
 * that is standard error's end, else as text with the subject first. But for critical ones, a place
 * in the code has 100 lines at once and then one a second; the next one says how many it left out.
 */
void hub_log (GLogLevelFlags level, const char *topic, const char *subject, const char *file,
              const char *line, const char *function, const char *format, ...) G_GNUC_PRINTF (7, 8);

#define HUB_LOG(level, topic, subject, ...)                                                        \
  hub_log (level, topic, subject, __FILE__, G_STRINGIFY (__LINE__), G_STRFUNC, __VA_ARGS__)

#define hub_debug(topic, subject, ...) HUB_LOG (G_LOG_LEVEL_DEBUG, topic, subject, __VA_ARGS__)
#define hub_info(topic, subject, ...) HUB_LOG (G_LOG_LEVEL_INFO, topic, subject, __VA_ARGS__)
#define hub_notice(topic, subject, ...) HUB_LOG (G_LOG_LEVEL_MESSAGE, topic, subject, __VA_ARGS__)
#define hub_warning(topic, subject, ...) HUB_LOG (G_LOG_LEVEL_WARNING, topic, subject, __VA_ARGS__)
#define hub_critical(topic, subject, ...)                                                          \
  HUB_LOG (G_LOG_LEVEL_CRITICAL, topic, subject, __VA_ARGS__)

/* Makes the lines of this process readable where there is no journal: time, level, topic,
 * subject, sentence. Called once, at the start of a program. @program: a literal */
void hub_log_open (const char *program);

G_END_DECLS
