-- A sign-in that has its first proof and needs another. browser: keyed hash of the browser's id.
create table pending_sign_ins (
    id text primary key,
    browser text not null,
    user_id text not null references users (id) on delete cascade,
    epoch bigint not null,
    kind text not null,
    proofs text not null,
    demands text not null,
    onward text not null,
    client_id text,
    client_name text,
    created_at bigint not null,
    expires_at bigint not null,
    ended_at bigint,
    ended_because text
);
create index pending_sign_ins_browser on pending_sign_ins (browser);
create index pending_sign_ins_user on pending_sign_ins (user_id);
create index pending_sign_ins_expiry on pending_sign_ins (expires_at);

-- hash: PHC string. alone_ok: long enough to be the only proof. must_change: set by somebody else, good for one sign-in.
create table passwords (
    user_id text primary key references users (id) on delete cascade,
    hash text not null,
    set_at bigint not null,
    set_by text not null,
    alone_ok boolean not null,
    must_change boolean not null,
    expires_at bigint
);

create table password_history (
    user_id text not null references users (id) on delete cascade,
    hash text not null,
    set_at bigint not null
);
create index password_history_user on password_history (user_id);

-- Browsers that signed in as a user before: they have a queue and a counter of their own. browser: keyed hash.
create table password_lanes (
    user_id text not null references users (id) on delete cascade,
    browser text not null,
    epoch bigint not null,
    last_at bigint not null,
    primary key (user_id, browser)
);

create index password_lanes_browser on password_lanes (browser);

-- Guesses that were reserved, by account and by address, never by session. times: Unix milliseconds, comma between.
create table guesses (
    lane text primary key,
    times text not null,
    updated_at bigint not null
);
create index guesses_updated on guesses (updated_at);
