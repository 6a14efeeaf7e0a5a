-- The picture that stands for this instance; base64url, checked before it was kept.
create table logos (
    name text primary key,
    stamp text not null,
    type text not null,
    width bigint not null,
    height bigint not null,
    content text not null
);

-- The host a passkey was made for. Null: registered since the last start, so for the host of this run.
alter table passkeys add column rp_id text;
