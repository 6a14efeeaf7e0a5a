-- What opens break-glass: the sealed credential (kind 'sealed', no expiry) and one-time codes of the console (kind 'console'). hash: keyed hash.
create table break_glass_credentials (
    id text primary key,
    kind text not null,
    hash text not null unique,
    made_at bigint not null,
    made_by text not null,
    expires_at bigint,
    used_at bigint,
    ended_at bigint,
    ended_because text,
    drilled_at bigint
);

-- The sessions they opened. They belong to no user; expires_at alone decides how long one lives, also over a crash.
create table break_glass_openings (
    id text primary key,
    label text not null unique,
    credential_id text not null references break_glass_credentials (id),
    kind text not null,
    session_hash text not null unique,
    opened_at bigint not null,
    expires_at bigint not null,
    confirmed_at bigint not null,
    ended_at bigint,
    ended_because text,
    address text not null,
    user_agent text not null,
    reference text
);
create index break_glass_openings_opened on break_glass_openings (opened_at);
