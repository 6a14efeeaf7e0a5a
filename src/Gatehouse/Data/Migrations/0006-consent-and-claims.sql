-- trusted: an application of the house itself, which asks nobody for consent. Those registered before this existed never asked.
alter table clients add column trusted boolean not null default true;
alter table clients add column backchannel_logout_uri text;
alter table clients add column backchannel_private boolean not null default false;
alter table clients add column loop_guard boolean not null default true;

-- requested_claims: names that the claims parameter asked for, as JSON by place.
alter table grants add column requested_claims text;
alter table grants add column redeemed_at bigint;
create index grants_client_user on grants (client_id, user_id);

-- How one client's claims differ from the standard ones: another source, another name, another shape, or none.
create table client_claims (
    client_id text not null references clients (id) on delete cascade,
    claim text not null,
    source text not null,
    shape text not null,
    in_access_token boolean not null,
    position bigint not null,
    primary key (client_id, claim)
);

create table client_roles (
    client_id text not null references clients (id) on delete cascade,
    role text not null,
    group_id text not null references groups (id) on delete cascade,
    primary key (client_id, role, group_id)
);

-- What else is known about a person, under names of the operator's own.
create table user_claims (
    user_id text not null references users (id) on delete cascade,
    name text not null,
    value text not null,
    primary key (user_id, name)
);

create table group_claims (
    group_id text not null references groups (id) on delete cascade,
    name text not null,
    value text not null,
    primary key (group_id, name)
);

-- items: which data a person lets a client have, names separated by spaces.
create table consents (
    user_id text not null references users (id) on delete cascade,
    client_id text not null references clients (id) on delete cascade,
    items text not null,
    given_at bigint not null,
    changed_at bigint not null,
    primary key (user_id, client_id)
);

-- Sessions that have ended and whose applications are still to be told; emptied by the teller.
create table ended_sessions (
    id text primary key,
    session_public_id text,
    user_id text,
    because text not null,
    at bigint not null
);

-- state: waiting, told or failed.
create table logout_notices (
    id text primary key,
    client_id text not null references clients (id) on delete cascade,
    user_id text not null,
    session_public_id text not null,
    because text not null,
    state text not null,
    attempts bigint not null,
    next_at bigint not null,
    created_at bigint not null,
    last_at bigint,
    last_result text
);
create unique index logout_notices_once on logout_notices (client_id, session_public_id);
create index logout_notices_due on logout_notices (state, next_at);
