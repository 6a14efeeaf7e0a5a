-- Which entry of the directory an account belongs to. No foreign key: the row outlives a purged account, so that a sync does not bring back whom an admin deleted.
create table ldap_users (
    user_id text primary key,
    stable_id text not null,
    dn text not null,
    off_by_run text,
    admin_by_run text,
    linked_at bigint not null
);
create unique index ldap_users_stable on ldap_users (stable_id);

create table ldap_groups (
    group_id text primary key references groups (id) on delete cascade,
    stable_id text not null,
    dn text not null,
    gone_at bigint
);
create unique index ldap_groups_stable on ldap_groups (stable_id);

-- Memberships that a sync wrote; those an admin wrote are not in here and stay.
create table ldap_memberships (
    group_id text not null references groups (id) on delete cascade,
    user_id text not null references users (id) on delete cascade,
    primary key (group_id, user_id)
);
create index ldap_memberships_user on ldap_memberships (user_id);

-- kind: rehearsal, sync. outcome: rehearsed, applied, unchanged, braked, failed, undone.
create table ldap_runs (
    id text primary key,
    kind text not null,
    cause text not null,
    actor text not null,
    started_at bigint not null,
    finished_at bigint not null,
    outcome text not null,
    fingerprint text not null,
    people bigint not null,
    teams bigint not null,
    created bigint not null,
    updated bigint not null,
    disabled bigint not null,
    restored bigint not null,
    memberships bigint not null,
    conflicts bigint not null,
    skipped bigint not null,
    code text,
    data text,
    undo text,
    undone_at bigint,
    undone_by text
);
create index ldap_runs_started on ldap_runs (started_at);

create table ldap_run_entries (
    run_id text not null references ldap_runs (id) on delete cascade,
    position bigint not null,
    act text not null,
    name text not null,
    dn text not null,
    user_id text,
    detail text not null,
    code text,
    data text,
    primary key (run_id, position)
);
create index ldap_run_entries_act on ldap_run_entries (run_id, act, position);

-- One sync at a time, whichever node or console asks.
create table ldap_lease (
    name text primary key,
    holder text not null,
    until_at bigint not null
);
insert into ldap_lease (name, holder, until_at) values ('sync', '', 0);
