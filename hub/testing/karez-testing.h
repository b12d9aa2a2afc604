/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a plugin's tests may use: a session's workers, and a hub, without either. */

#include "karez-test-hub.h"
#include "karez-test-program.h"
#include "karez-test-worker.h"
