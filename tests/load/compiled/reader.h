/* What the parts of the compiled reader share. It measures ceilings: thousands of streams, every
 * event checked for its sequence number, at a few nanoseconds each. Linux, C11, no libraries. */
#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOST_TOPICS 4096

struct bytes {
    uint8_t *data;
    size_t length, room;
};

struct stream {
    uint32_t id;
    uint32_t credit;      /* bytes taken since the sender was last given room */
    bool is_stuck;        /* never gives room: a reader that stopped reading */
    bool is_open, is_ended;
    struct bytes message; /* the part of a message that has come so far */
    uint64_t *last;       /* the last sequence number by topic */
};

struct connection {
    int fd;
    struct bytes in, out;
    uint32_t credit;
    bool is_greeted;
    int index, stream_count;
    struct stream *streams;
};

struct options {
    const char *protocol, *host, *path, *token, *content_type;
    int port, streams, connections, stuck;
    struct bytes requests; /* each with its length before it, 4 bytes, little-endian */
};

struct protocol {
    const char *name;
    void (*greet)(struct connection *);
    /* Takes what it can of the bytes that came; returns how many it took. */
    size_t (*take)(struct connection *, const uint8_t *, size_t, int64_t now);
};

extern struct options options;
extern const struct protocol http2, websocket, nats, redis;

/* bytes */
void append(struct bytes *, const void *, size_t);
void append_text(struct bytes *, const char *);
void drop(struct bytes *, size_t);

/* tally */
void tally_event(struct stream *, uint32_t topic, uint64_t sequence, uint64_t rows, int64_t time_ns,
                 int64_t now);
void tally_announced(struct stream *, uint32_t topic, uint64_t last, bool is_gap);
void tally_message(size_t length);
void tally_opened(struct stream *);
void tally_ended(struct stream *);
void tally_reset(void);
void tally_report(double seconds, double cpu_s, int stream_count);
int tally_open_count(void);

/* messages */
void parse_watch_response(struct stream *, const uint8_t *, size_t, int64_t now);
void parse_text(struct stream *, const uint8_t *, size_t, int64_t now);
uint32_t number_in(const uint8_t *, size_t);

#endif
