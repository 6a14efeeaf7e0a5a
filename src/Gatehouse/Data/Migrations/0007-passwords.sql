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
