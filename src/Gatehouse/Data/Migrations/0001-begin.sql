create table instance (
    id text primary key,
    key_check text not null,
    epoch bigint not null,
    created_at bigint not null,
    setup_closed_at bigint,
    setup_closed_by text
);

create table versions (
    name text primary key,
    version bigint not null
);

create table settings (
    name text primary key,
    value text not null,
    updated_at bigint not null
);

create table users (
    id text primary key,
    user_name text not null,
    user_name_folded text not null,
    email text not null,
    email_folded text not null,
    email_verified boolean not null,
    display_name text not null,
    given_name text,
    family_name text,
    source text not null,
    role text not null,
    epoch bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    last_sign_in_at bigint,
    disabled_at bigint,
    disabled_by text,
    disabled_because text,
    deleted_at bigint,
    row_version bigint not null
);
create unique index users_user_name on users (user_name_folded);
create unique index users_email on users (email_folded);

create table groups (
    id text primary key,
    name text not null,
    name_folded text not null,
    description text not null,
    created_at bigint not null,
    row_version bigint not null
);
create unique index groups_name on groups (name_folded);

create table group_members (
    group_id text not null references groups (id) on delete cascade,
    user_id text not null references users (id) on delete cascade,
    added_at bigint not null,
    primary key (group_id, user_id)
);
create index group_members_user on group_members (user_id);

create table passkeys (
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    credential_id text not null,
    public_key text not null,
    algorithm bigint not null,
    sign_count bigint not null,
    aaguid text not null,
    name text not null,
    attestation text not null,
    transports text not null,
    backup_eligible boolean not null,
    backed_up boolean not null,
    created_at bigint not null,
    last_used_at bigint,
    removed_at bigint
);
create unique index passkeys_credential on passkeys (credential_id);
create index passkeys_user on passkeys (user_id);

-- hash: keyed hash of the cookie's value. public_id: what lists and forms name.
create table sessions (
    hash text primary key,
    public_id text not null,
    user_id text not null references users (id) on delete cascade,
    epoch bigint not null,
    kind text not null,
    factors text not null,
    began_at bigint not null,
    auth_time bigint not null,
    last_seen_at bigint not null,
    expires_at bigint not null,
    ended_at bigint,
    ended_because text,
    address text not null,
    user_agent text not null
);
create unique index sessions_public on sessions (public_id);
create index sessions_user on sessions (user_id);

-- One table for everything that works once: login links, codes, challenges, set-up links.
create table one_time_tokens (
    hash text primary key,
    type text not null,
    subject text not null,
    payload text not null,
    bound_to text,
    epoch bigint not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    ended_because text
);
create index one_time_tokens_subject on one_time_tokens (type, subject);
create index one_time_tokens_expiry on one_time_tokens (expires_at);

create table clients (
    id text primary key,
    name text not null,
    is_public boolean not null,
    is_native boolean not null,
    pkce_required boolean not null,
    auth_method text not null,
    id_token_algorithm text not null,
    restricted boolean not null,
    launch_url text,
    enabled boolean not null,
    created_at bigint not null,
    updated_at bigint not null,
    deleted_at bigint,
    row_version bigint not null
);

create table client_urls (
    client_id text not null references clients (id) on delete cascade,
    kind text not null,
    url text not null,
    position bigint not null,
    primary key (client_id, kind, url)
);

create table client_secrets (
    id text primary key,
    client_id text not null references clients (id) on delete cascade,
    hash text not null,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint
);
create index client_secrets_client on client_secrets (client_id);

create table client_groups (
    client_id text not null references clients (id) on delete cascade,
    group_id text not null references groups (id) on delete cascade,
    primary key (client_id, group_id)
);

-- One row per user, client and authorization; every user token names it.
create table grants (
    id text primary key,
    client_id text not null references clients (id) on delete cascade,
    user_id text not null references users (id) on delete cascade,
    session_public_id text,
    user_epoch bigint not null,
    scope text not null,
    auth_time bigint not null,
    amr text not null,
    nonce text,
    created_at bigint not null,
    revoked_at bigint,
    revoked_because text,
    refresh_salt text,
    refresh_generation bigint not null,
    refresh_rotated_at bigint,
    refresh_retried boolean not null,
    refresh_expires_at bigint
);
create index grants_user on grants (user_id);
create index grants_session on grants (session_public_id);

create table signing_keys (
    kid text primary key,
    algorithm text not null,
    private_key text not null,
    public_jwk text not null,
    created_at bigint not null,
    active_from bigint not null,
    retired_at bigint,
    revoked_at bigint
);

create table problems (
    id text primary key,
    code text not null,
    target text not null,
    ring text not null,
    state text not null,
    reopened bigint not null default 0,
    occurrences bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    last_reference text not null,
    state_changed_at bigint not null
);
create unique index problems_code_target on problems (code, target);
create index problems_last on problems (last_at);

create table cases (
    reference text primary key,
    problem_id text not null references problems (id) on delete cascade,
    at bigint not null,
    code text not null,
    data text not null,
    ring text not null,
    target text not null,
    user_id text,
    client_id text,
    address text not null,
    user_agent text not null,
    trace_id text not null,
    live_session boolean not null,
    retry_path text,
    steps text not null
);
create index cases_problem on cases (problem_id, at);
create index cases_at on cases (at);
create index cases_user on cases (user_id, at);

-- References beyond a problem's rate: they lead to the problem, not to a case of their own.
create table loose_references (
    reference text primary key,
    problem_id text not null references problems (id) on delete cascade,
    at bigint not null
);
create index loose_references_at on loose_references (at);

-- Successes; refusals are cases. The Sign-ins page reads both.
create table sign_ins (
    id text primary key,
    at bigint not null,
    kind text not null,
    user_id text not null,
    client_id text,
    method text not null,
    address text not null,
    user_agent text not null
);
create index sign_ins_at on sign_ins (at);
create index sign_ins_user on sign_ins (user_id);

create table audit (
    id text primary key,
    at bigint not null,
    actor text not null,
    action text not null,
    target_kind text not null,
    target_id text not null,
    target_name text not null,
    before text,
    after text,
    reference text,
    address text not null
);
create index audit_at on audit (at);
create index audit_target on audit (target_id, at);

create table applied_remedies (
    id text primary key,
    reference text not null,
    kind text not null,
    remedy text not null,
    undo text,
    summary text not null,
    applied_at bigint not null,
    applied_by text not null,
    undone_at bigint
);
create index applied_remedies_reference on applied_remedies (reference);

-- Guess counters: reserved durably before the guess is evaluated.
create table throttles (
    bucket text primary key,
    window_start bigint not null,
    used bigint not null
);
