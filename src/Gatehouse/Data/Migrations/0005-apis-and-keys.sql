alter table clients add column grant_types text not null default 'authorization_code refresh_token';
alter table clients add column jwks text;
alter table clients add column jwks_uri text;
alter table clients add column jwks_private boolean not null default false;
alter table clients add column refresh_idle_seconds bigint not null default 2592000;
alter table clients add column refresh_max_seconds bigint not null default 7776000;

-- The API the tokens of a grant are for (RFC 8707), and what the client proved itself with at the last rotation.
alter table grants add column api_id text;
alter table grants add column refresh_credential text;

create table apis (
    id text primary key,
    identifier text not null,
    name text not null,
    token_format text not null,
    algorithm text not null,
    token_seconds bigint not null,
    introspector_id text,
    enabled boolean not null,
    created_at bigint not null,
    updated_at bigint not null,
    row_version bigint not null
);
create unique index apis_identifier on apis (identifier);

create table api_scopes (
    api_id text not null references apis (id) on delete cascade,
    name text not null,
    description text not null,
    position bigint not null,
    primary key (api_id, name)
);

-- What a client may ask for: as itself, and for the people who hold it too.
create table client_api_scopes (
    client_id text not null references clients (id) on delete cascade,
    api_id text not null references apis (id) on delete cascade,
    scope text not null,
    primary key (client_id, api_id, scope)
);

-- Which people hold a scope: kind is role or group, holder its name or id.
create table api_scope_holders (
    api_id text not null references apis (id) on delete cascade,
    scope text not null,
    kind text not null,
    holder text not null,
    primary key (api_id, scope, kind, holder)
);

-- What must not count again until it would have expired anyway: ids of client assertions, ids of revoked access tokens.
create table spent_ids (
    id text primary key,
    expires_at bigint not null
);
create index spent_ids_expiry on spent_ids (expires_at);
