-- An authenticator app (RFC 6238). seed: sealed. last_step: the newest time step that was used; a step is used once.
create table authenticator_apps (
    user_id text primary key references users (id) on delete cascade,
    id text not null,
    seed text not null,
    last_step bigint not null,
    created_at bigint not null,
    last_used_at bigint
);

-- hash: keyed hash of user and code.
create table backup_codes (
    hash text primary key,
    user_id text not null references users (id) on delete cascade,
    set_id text not null,
    created_at bigint not null,
    used_at bigint
);
create index backup_codes_user on backup_codes (user_id);

-- Browsers that are not asked for the second factor again. browser: keyed hash.
create table remembered_devices (
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    browser text not null,
    epoch bigint not null,
    created_at bigint not null,
    expires_at bigint not null,
    user_agent text not null
);
create index remembered_devices_user on remembered_devices (user_id, browser);
create index remembered_devices_expiry on remembered_devices (expires_at);

-- Whose second factors were reset: the next sign-in registers a new one, whatever the policy says.
create table factor_resets (
    user_id text primary key references users (id) on delete cascade,
    at bigint not null,
    by_name text not null,
    method text not null,
    note text not null
);

-- A reset that one admin asked for and another has yet to approve.
create table factor_reset_requests (
    user_id text primary key references users (id) on delete cascade,
    at bigint not null,
    by_id text not null,
    by_name text not null,
    method text not null,
    note text not null
);

-- A temporary access pass in place of a device that is not at hand. hash: keyed hash of user and code.
create table access_passes (
    user_id text primary key references users (id) on delete cascade,
    id text not null,
    hash text not null,
    created_at bigint not null,
    expires_at bigint not null,
    by_name text not null,
    used_at bigint
);
