-- Ways to a new account. kind: 'link' (for whoever has it), 'invitation' (to one address), 'request' (to somebody who asked to sign up; its use counts on its parent too).
create table signup_links (
    id text primary key,
    kind text not null,
    parent_id text references signup_links (id) on delete cascade,
    label text not null,
    email text,
    email_folded text,
    display_name text,
    max_uses bigint not null,
    uses bigint not null,
    created_at bigint not null,
    created_by text not null,
    sent_at bigint,
    expires_at bigint not null,
    revoked_at bigint,
    revoked_by text,
    scanned_at bigint,
    opened_at bigint,
    used_at bigint,
    user_id text,
    asked_again_at bigint
);
create index signup_links_email on signup_links (email_folded);
create index signup_links_created on signup_links (created_at);
create index signup_links_user on signup_links (user_id);

-- Every value that was ever handed out for a link; the newest is the one that works, the others say why they do not.
create table signup_tokens (
    hash text primary key,
    link_id text not null references signup_links (id) on delete cascade,
    created_at bigint not null,
    ended_at bigint
);
create index signup_tokens_link on signup_tokens (link_id);

create table signup_link_groups (
    link_id text not null references signup_links (id) on delete cascade,
    group_id text not null references groups (id) on delete cascade,
    primary key (link_id, group_id)
);

-- Somebody who has begun: bound to link and browser until the account, the link's use and the passkey are written together.
create table signup_pending (
    id text primary key,
    link_id text not null references signup_links (id) on delete cascade,
    browser text not null,
    user_id text not null,
    email text not null,
    display_name text not null,
    updated_at bigint not null
);
create unique index signup_pending_browser on signup_pending (link_id, browser);

-- What strangers asked for. The answer is given first and is always the same; who it is for is looked up behind it.
create table public_requests (
    id text primary key,
    kind text not null,
    content text not null,
    at bigint not null,
    address text not null,
    user_agent text not null,
    trace_id text not null,
    taken_at bigint
);
create index public_requests_at on public_requests (at);

-- The browsers a user has signed in with, so that a new one can be told to its owner.
create table known_browsers (
    user_id text not null references users (id) on delete cascade,
    browser text not null,
    first_at bigint not null,
    last_at bigint not null,
    primary key (user_id, browser)
);
