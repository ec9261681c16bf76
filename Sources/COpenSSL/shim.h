#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// What OpenSSL 3 offers as macros only, as functions.

static inline void copenssl_bio_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void copenssl_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline int copenssl_ctx_versions(SSL_CTX *context, int oldest, int newest) {
    return SSL_CTX_set_min_proto_version(context, oldest) == 1 && SSL_CTX_set_max_proto_version(context, newest) == 1;
}

static inline int copenssl_ctx_groups(SSL_CTX *context, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(context, groups);
}

// No compression, no renegotiation that the peer asks for (RFC 9325 §3.3, §3.5).
static inline void copenssl_ctx_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
}

// Buffers of a record are given back when they are empty; a write may be repeated from another address; and all that a
// read has brought is taken at once, so that a buffer serves all of its records.
static inline void copenssl_ctx_modes(SSL_CTX *context) {
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static inline void copenssl_ctx_session_cache(SSL_CTX *context, int mode) {
    SSL_CTX_set_session_cache_mode(context, mode);
}

static inline void copenssl_ctx_server_name(SSL_CTX *context, int (*choose)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, choose);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}

// The length of the keys that encrypt session tickets.
static inline long copenssl_ctx_ticket_key_length(SSL_CTX *context) {
    return SSL_CTX_get_tlsext_ticket_keys(context, NULL, 0);
}

static inline int copenssl_ctx_ticket_keys(SSL_CTX *context, void *keys, long length) {
    return (int)SSL_CTX_get_tlsext_ticket_keys(context, keys, length);
}

static inline int copenssl_ctx_use_ticket_keys(SSL_CTX *context, const void *keys, long length) {
    return (int)SSL_CTX_set_tlsext_ticket_keys(context, (void *)keys, length);
}

static inline int copenssl_ssl_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline int copenssl_is_system_error(unsigned long code) { return ERR_SYSTEM_ERROR(code); }
