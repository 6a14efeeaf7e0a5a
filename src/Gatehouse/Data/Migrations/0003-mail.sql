-- The outbox and its ledger. content: the letter, encrypted, dropped once it is accepted or ended. claim: who is sending it now, and until when.
-- handed_at: set before the last dot of DATA; a row that has it and was not settled may have arrived already.
create table mails (
    id text primary key,
    cause text not null,
    kind text not null,
    about_kind text not null,
    about_id text not null,
    user_id text,
    recipient text not null,
    subject text not null,
    content text,
    message_id text not null,
    state text not null,
    created_at bigint not null,
    expires_at bigint,
    attempts bigint not null,
    next_attempt_at bigint not null,
    claim text,
    claim_until bigint,
    handed_at bigint,
    doubtful bigint not null,
    settled_at bigint,
    server text,
    reply text,
    queue_id text,
    code text,
    reference text,
    transcript text
);
create unique index mails_cause on mails (cause);
create index mails_about on mails (about_kind, about_id);
create index mails_user on mails (user_id);
create index mails_due on mails (state, next_attempt_at);
create index mails_created on mails (created_at);
create index mails_message on mails (message_id);
