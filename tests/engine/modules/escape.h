/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * escape_try:
 * @about: {"victim": a process, "directory": the session's, "files": [...] that may be lost if it
 *   succeeds, "foreign": [...] that are opened alone, "sockets": [...]}
 *
 * Tries from where it stands what somebody would who broke into the worker, and what the worker
 * itself needs; then the same from a thread. Returns: (transfer full): {"refused": {NAME: errno},
 * "needed": {NAME: errno}}, 0 for what went well
 */
JsonObject *escape_try (JsonObject *about);

G_END_DECLS
