/* The peers' protocols, one stream a connection: WebSocket, NATS, Redis pub/sub. */
#include "reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What to read: the subject, channel or path the load is published on. */
static const char *subject(void) { return options.path; }

static void greet_websocket(struct connection *c) {
    char text[512];
    snprintf(text, sizeof text,
             "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
             options.path, options.host);
    append_text(&c->out, text);
}

static size_t take_websocket(struct connection *c, const uint8_t *data, size_t length,
                             int64_t now) {
    size_t taken = 0;
    if (!c->is_greeted) {
        const uint8_t *end = memmem(data, length, "\r\n\r\n", 4);
        if (!end) return 0;
        c->is_greeted = true;
        tally_opened(c->streams);
        taken = (size_t)(end - data) + 4;
    }
    while (length - taken >= 2) {
        const uint8_t *at = data + taken;
        size_t head = 2, size = at[1] & 127;
        if (size == 126) head = 4;
        if (size == 127) head = 10;
        if (length - taken < head) break;
        if (head > 2) {
            size = 0;
            for (size_t i = 2; i < head; i++) size = size << 8 | at[i];
        }
        if (length - taken < head + size) break;
        int code = at[0] & 15;
        if (code == 1 || code == 2) parse_text(c->streams, at + head, size, now);
        else if (code == 8) tally_ended(c->streams);
        else if (code == 9) append(&c->out, "\x8a\x80\0\0\0\0", 6);
        taken += head + size;
    }
    return taken;
}

static void greet_nats(struct connection *c) {
    char text[256];
    snprintf(text, sizeof text, "CONNECT {\"verbose\":false}\r\nSUB %s 1\r\nPING\r\n", subject());
    append_text(&c->out, text);
}

static size_t take_nats(struct connection *c, const uint8_t *data, size_t length, int64_t now) {
    size_t taken = 0;
    for (;;) {
        const uint8_t *at = data + taken, *end = memmem(at, length - taken, "\r\n", 2);
        if (!end) return taken;
        size_t line = (size_t)(end - at) + 2;
        if (!memcmp(at, "MSG ", 4)) {
            const uint8_t *space = memrchr(at, ' ', line);
            size_t size = strtoul((const char *)space, NULL, 10);
            if (length - taken < line + size + 2) return taken;
            parse_text(c->streams, at + line, size, now);
            line += size + 2;
        } else if (!memcmp(at, "PING", 4)) append_text(&c->out, "PONG\r\n");
        else if (!memcmp(at, "PONG", 4)) tally_opened(c->streams);
        taken += line;
    }
}

static void greet_redis(struct connection *c) {
    char text[512];
    if (*options.token) {
        snprintf(text, sizeof text, "*2\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n", strlen(options.token),
                 options.token);
        append_text(&c->out, text);
    }
    snprintf(text, sizeof text, "*2\r\n$9\r\nSUBSCRIBE\r\n$%zu\r\n%s\r\n", strlen(subject()),
             subject());
    append_text(&c->out, text);
}

/* Only what a subscriber gets: "+OK", and lists of three of which the last is text or a number. */
static size_t take_redis(struct connection *c, const uint8_t *data, size_t length, int64_t now) {
    size_t taken = 0;
    while (taken < length) {
        const uint8_t *at = data + taken, *end = data + length;
        if (*at != '*') {
            const uint8_t *line = memmem(at, (size_t)(end - at), "\r\n", 2);
            if (!line) return taken;
            taken += (size_t)(line - at) + 2;
            continue;
        }
        for (int item = 0; item < 4; item++) {
            const uint8_t *line = memmem(at, (size_t)(end - at), "\r\n", 2);
            if (!line) return taken;
            const uint8_t *next = line + 2;
            if (*at == '$') {
                size_t size = strtoul((const char *)at + 1, NULL, 10);
                if ((size_t)(end - next) < size + 2) return taken;
                if (item == 3) parse_text(c->streams, next, size, now);
                next += size + 2;
            } else if (*at == ':') tally_opened(c->streams);
            at = next;
        }
        taken = (size_t)(at - data);
    }
    return taken;
}

const struct protocol websocket = {"websocket", greet_websocket, take_websocket};
const struct protocol nats = {"nats", greet_nats, take_nats};
const struct protocol redis = {"redis", greet_redis, take_redis};
