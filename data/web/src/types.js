// SPDX-License-Identifier: LGPL-2.1-or-later
// The shapes that the API answers with, for the type checker. No code.

/** @typedef {import('./i18n.js').Names} Names */

/**
 * @typedef {object} Me
 * @property {string} id
 * @property {string} login
 * @property {Names} names
 * @property {Names} [title]
 * @property {string[]} roles
 * @property {string} hub
 * @property {Names} hub_names
 * @property {string} csrf
 * @property {string[]} permissions
 * @property {boolean} new_password_needed
 * @property {string | null} [language]
 */
/**
 * @typedef {object} Hello
 * @property {string} hub
 * @property {Names} names
 * @property {string} version
 * @property {string[]} languages
 * @property {{min: number, max: number}} password bounds, in code points
 * @property {string} now by the hub's clock
 */
/**
 * @typedef {object} Hub
 * @property {string} id
 * @property {Names} names
 * @property {boolean} own
 * @property {string} [state] up, down or revoked; a partner's
 * @property {string} [since]
 * @property {number} [rtt_ms]
 * @property {boolean} [restored] nothing is delivered
 */
/**
 * @typedef {object} Resource
 * @property {string} id
 * @property {string} hub
 * @property {string} kind
 * @property {Names} names
 * @property {Names} [detail]
 * @property {string | null} [person]
 * @property {boolean} [active] whether it can be booked
 * @property {boolean} [in_use] whether its hospital offers it, whoever its person is
 */
/** @typedef {{resource: string, hub: string, state: string}} Claim */
/**
 * @typedef {object} Booking
 * @property {string} id
 * @property {string} modality
 * @property {string} title
 * @property {string} reason
 * @property {'T0' | 'T1' | 'T2' | 'T3'} urgency
 * @property {string} requester
 * @property {string} provider
 * @property {string} host
 * @property {boolean} [concealed] this person may not read about patients
 * @property {string | null} [patient]
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {string} state
 * @property {string} requested_by
 * @property {string} requested_at
 * @property {string | null} [answered_by]
 * @property {string | null} [answered_at]
 * @property {string | null} [answer]
 * @property {string | null} [called_off_by] the other hospital, when it withdrew or cancelled it
 * @property {string | null} [called_off_at]
 * @property {Claim[]} claims
 * @property {{state: string, host: string, started_at?: string | null, ended_at?: string | null} | null} [session]
 */
/** @typedef {{from: string, to: string, hubs: Hub[], resources: Resource[], bookings: Booking[], more?: boolean}} Board */
/**
 * What a plugin brings to the desk. Addresses begin with "/x/".
 * @typedef {object} PluginWeb
 * @property {string} plugin
 * @property {boolean} enabled
 * @property {string} [modality]
 * @property {string} [schema] of its tables and events
 * @property {string} [script]
 * @property {string} [style]
 * @property {string} [words]
 * @property {string} [element] of a session's panel
 * @property {string} [room] the same while this page is in the session
 * @property {string} [afterwards] the same when it is over
 * @property {string} [compose] the element of its part of the composer
 * @property {string} [booking] the element of its part of a booking
 * @property {boolean} lobby whether the panel shows something before this page has joined
 * @property {PluginPage[]} pages
 * @property {Record<string, Record<string, string>>} messages names and titles of its key file, by language
 * @property {Record<string, string>} [catalogues] where its own catalogues are, by language
 */
/**
 * @typedef {object} PluginPage
 * @property {string} name
 * @property {string} script
 * @property {string} element
 * @property {string} title in English
 * @property {string} after the page of the desk behind which it stands
 * @property {string} [permission]
 */
/**
 * @typedef {object} Modality
 * @property {string} id
 * @property {string} title
 * @property {'requester' | 'patient'} host
 * @property {string[]} roles
 * @property {Record<string, string[]>} accounts which roles of accounts may take which role
 * @property {string[]} host_roles those that only people of the hospital take that runs the session
 * @property {string[]} mirror_roles those that only people of the other one take
 * @property {number} duration_minutes
 * @property {string} plugin
 */
/**
 * @typedef {object} Participant
 * @property {string} id
 * @property {string} [name]
 * @property {{id: string, name: string, kind?: string}} [actor]
 * @property {string} role
 * @property {string} hospital
 * @property {string} [joined_at]
 * @property {string | null} [left_at]
 */
/** @typedef {{open: boolean, items: {person: string, names: Names, booked: boolean}[]}} Invitations */
/** @typedef {{items: {person: string, names: Names, title?: Names, roles: string[]}[], others: number, accounts: string[]}} InvitationCandidates */
/** @typedef {{id: string, verdict: 'passed' | 'warning' | 'failed', measured?: string | null, limit?: string | null, hint?: string | null}} Check */
/**
 * @typedef {object} Session
 * @property {string} id
 * @property {string} modality
 * @property {string} title
 * @property {string} host
 * @property {string} partner
 * @property {string} state
 * @property {string | null} [reason]
 * @property {number} sequence
 * @property {string | null} [started_at]
 * @property {string | null} [ended_at]
 * @property {Booking | null} [booking]
 * @property {Participant[]} participants
 * @property {Check[]} [checks]
 * @property {Record<string, unknown> | null} [link]
 * @property {{state: string, generation: number, partner?: string | null} | null} [worker]
 */
/**
 * @typedef {object} Event
 * @property {string} id
 * @property {string} at
 * @property {{kind: string, id: string, name: string, roles?: string[], hub?: string | null}} actor
 * @property {string} [hub] the other hospital that did it; told to whoever is not told by whom
 * @property {string | null} [address]
 * @property {string} action
 * @property {number} outcome
 * @property {string | null} [schema]
 * @property {string | null} [table]
 * @property {string | null} [row]
 * @property {string | null} [session]
 * @property {boolean} [concealed] this person may not read about patients
 * @property {string | null} [patient]
 * @property {Record<string, any>} [details]
 */
/**
 * @typedef {object} Peer
 * @property {string} id
 * @property {Names} names
 * @property {string} state
 * @property {string | null} [address]
 * @property {string | null} [since]
 * @property {number | null} [rtt_ms]
 * @property {string} [key]
 * @property {Record<string, number>} [outbox]
 * @property {{plugin: string, messages: number, since: string}[]} [held] for plugins that are away there
 * @property {boolean} [restored]
 * @property {string | null} [trouble] the rule of what keeps it from being up
 * @property {{offset_ms: number, uncertainty_ms: number, off: boolean} | null} [clock] against ours
 */
/**
 * A booking that two hospitals do not have alike.
 * @typedef {object} Difference
 * @property {string} id
 * @property {string | null} title
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {string | null} here null: not known here
 * @property {string | null} there
 */
/**
 * @typedef {object} Pairing
 * @property {string} id
 * @property {string} state
 * @property {string | null} [shown]
 * @property {string | null} [address]
 * @property {Names | null} [names]
 * @property {boolean} [rekeyed] it was paired under another key before
 * @property {number | null} [tries_left]
 * @property {number | null} [expires_in_s]
 * @property {string} [role] initiator or responder
 */
/**
 * @typedef {object} Person
 * @property {string} id
 * @property {Names} names
 * @property {Names} [title]
 * @property {string} [login]
 * @property {string[]} [roles]
 * @property {boolean} [active]
 */
/**
 * @typedef {object} Plugin
 * @property {string} id
 * @property {string} name
 * @property {string} version
 * @property {string} state
 * @property {string | null} [reason]
 * @property {string | null} [since]
 * @property {string | null} [modality]
 * @property {string[]} [grants]
 * @property {number} [parked] messages of other hospitals that wait for it
 * @property {string} [last_fault] what it did to the hub, within a day
 * @property {{count: number, statement: string, rule?: string | null, at: string}} [mistakes] in its statements, since the hub's start
 */
/**
 * @typedef {object} ParkedMessages
 * @property {string} plugin
 * @property {string} peer
 * @property {number} lane
 * @property {number} messages
 * @property {number} bytes
 * @property {string} since
 * @property {string | null} [reason]
 */
/**
 * @typedef {object} DeadLetter
 * @property {string} peer
 * @property {number} lane
 * @property {number} sequence
 * @property {string} topic
 * @property {string} reason
 * @property {string} at
 */
/**
 * @typedef {object} DeadRecord
 * @property {string} session
 * @property {number} sequence
 * @property {string} action
 * @property {string | null} [reason]
 * @property {string | null} [at]
 */
/**
 * @typedef {object} Worker
 * @property {string} session
 * @property {number} pid 0 while no process is there
 * @property {boolean} connected
 * @property {number} restarts
 */
/**
 * @typedef {object} System
 * @property {string} hub
 * @property {string} version
 * @property {number} incarnation
 * @property {number} uptime_s
 * @property {{state: string, version?: string | null, size_bytes?: number | null, since?: string | null}} database
 * @property {{offset_ms: number | null, trusted: boolean}} [clock]
 * @property {{state: string, free_bytes: number, size_bytes: number}} [disk]
 * @property {{state: string, expires_at: string, refused?: string, own_authority: boolean} | null} [certificate] null behind a proxy
 */
/** @typedef {{sha256: string, expires_at: string, address: string, qr: string[]}} Root of the hub's own authority */
/** @typedef {{id: string, names: Names, birth_date?: string | null, gender?: string | null}} Patient */
/** @typedef {string | {text: string} | {time: string}} SentencePart the hub's words, or a value in them */
/**
 * @typedef {object} ProblemDocument
 * @property {string} [type]
 * @property {string} title
 * @property {number} status
 * @property {string} [detail]
 * @property {string} [rule]
 * @property {SentencePart[]} [detail_parts]
 * @property {string} [accepted]
 * @property {SentencePart[]} [accepted_parts]
 * @property {string} [pointer]
 */

export {};
