-- A hardware key (WebAuthn) as second factor. Apart from passkeys: what is here opens nothing by itself. public_key: COSE, base64url. user_verified: what the last answer said.
create table hardware_keys (
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    credential_id text not null,
    public_key text not null,
    algorithm bigint not null,
    sign_count bigint not null,
    aaguid text not null,
    name text not null,
    attestation text not null,
    transports text not null,
    user_verified boolean not null,
    created_at bigint not null,
    last_used_at bigint,
    removed_at bigint
);
create unique index hardware_keys_credential on hardware_keys (credential_id);
create index hardware_keys_user on hardware_keys (user_id);
