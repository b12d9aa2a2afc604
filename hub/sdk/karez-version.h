/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(KAREZ_INSIDE) && !defined(KAREZ_COMPILATION)
#error "Only <karez.h> can be included directly."
#endif

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The interface promised to plugins. A plugin loads when its major is ours and its minor is not
 * newer; a major lives two years at least. */
#define KAREZ_API_MAJOR 1
#define KAREZ_API_MINOR 1

#define KAREZ_EXPORT __attribute__ ((visibility ("default")))
#define KAREZ_PUBLIC KAREZ_EXPORT extern

/* What the hub calls in libkarez and a plugin must not: deprecated outside of this tree. */
#ifdef KAREZ_COMPILATION
#define KAREZ_PRIVATE KAREZ_PUBLIC
#else
#define KAREZ_PRIVATE KAREZ_PUBLIC G_DEPRECATED
#endif

G_END_DECLS
