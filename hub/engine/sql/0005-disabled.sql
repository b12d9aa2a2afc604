-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Plugins that blocked or crashed the hub, and those that an administrator disabled.
alter table engine.plugin_state rename column aside to disabled;
