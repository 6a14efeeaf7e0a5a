-- What strangers leave behind is counted: made_by is their address block, weight about a kilobyte each.
alter table one_time_tokens add column made_by text;
alter table one_time_tokens add column weight bigint not null default 0;
create index one_time_tokens_made_by on one_time_tokens (made_by, created_at);
create index grants_created on grants (created_at);

-- A root key that came by a change. previous: all root keys before it, sealed under it.
create table encryption_keys (
    key_check text primary key,
    previous text not null,
    created_at bigint not null
);
