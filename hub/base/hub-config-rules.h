/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-config.h"

G_BEGIN_DECLS

/**
 * hub_config_rule_check:
 * @value: what GKeyFile makes of the line
 * @raw: (nullable): the line's own text, if it comes of one
 * @finding: gets @message, @accepted and their arguments when it is refused
 *
 * Whether @value has the form that its key asks for. Looks at nothing but the text.
 */
gboolean hub_config_rule_check (const HubConfigKey *key, const char *value, const char *raw,
                                HubConfigFinding *finding);

G_END_DECLS
