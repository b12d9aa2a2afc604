/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Everything a plugin may see. */

#define KAREZ_INSIDE
#include "karez-version.h"

#include "karez-error.h"

#include "karez-actor.h"
#include "karez-answer.h"
#include "karez-arrival.h"
#include "karez-check.h"
#include "karez-consent.h"
#include "karez-context.h"
#include "karez-control-half.h"
#include "karez-file-name.h"
#include "karez-files.h"
#include "karez-json.h"
#include "karez-link.h"
#include "karez-live-half.h"
#include "karez-media.h"
#include "karez-modality.h"
#include "karez-participant.h"
#include "karez-peers.h"
#include "karez-plugin.h"
#include "karez-program.h"
#include "karez-replica.h"
#include "karez-routes.h"
#include "karez-rows.h"
#include "karez-services.h"
#include "karez-session.h"
#include "karez-store.h"
#include "karez-task.h"
#include "karez-text.h"
#include "karez-transaction.h"
#include "karez-transition.h"
#undef KAREZ_INSIDE
