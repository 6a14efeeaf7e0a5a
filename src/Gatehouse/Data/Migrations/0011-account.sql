-- How long sessions live, and the wish to have one's account deleted.
alter table sessions add column remembered boolean not null default false;
alter table sessions add column new_browser boolean not null default false;
-- Sessions from before had a cookie that outlives the browser.
update sessions set remembered = true;
alter table pending_sign_ins add column stay boolean not null default false;
alter table clients add column session_idle_seconds bigint not null default 0;
alter table clients add column session_max_seconds bigint not null default 0;

-- When a deleted account is removed for good.
alter table users add column purge_at bigint;

create table deletion_requests (
    user_id text primary key references users (id) on delete cascade,
    asked_at bigint not null,
    declined_at bigint,
    declined_because text
);
