/* reader --protocol grpc --port 5000 --streams 1000 … : opens the streams, says "open" when each has
 * its first message, then obeys "measure" and "report" on its input until that ends. */
#include "reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_ROOM (256 * 1024)
#define AT_ONCE 20

struct options options = {.protocol = "grpc",
                          .host = "127.0.0.1",
                          .path = "/",
                          .token = "",
                          .content_type = "application/grpc",
                          .streams = 1,
                          .connections = 1};
static uint8_t in_buffer[IN_ROOM];

static int64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static double cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

void append(struct bytes *bytes, const void *data, size_t length) {
    if (bytes->length + length > bytes->room) {
        bytes->room = (bytes->length + length) * 2;
        bytes->data = realloc(bytes->data, bytes->room);
        if (!bytes->data) abort();
    }
    if (length) memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

void append_text(struct bytes *bytes, const char *text) { append(bytes, text, strlen(text)); }

void drop(struct bytes *bytes, size_t length) {
    bytes->length -= length;
    if (bytes->length) memmove(bytes->data, bytes->data + length, bytes->length);
    else {
        free(bytes->data);
        *bytes = (struct bytes){0};
    }
}

static void end_all(struct connection *c, const char *why) {
    fprintf(stderr, "connection %d: %s\n", c->index, why);
    for (int i = 0; i < c->stream_count; i++) tally_ended(&c->streams[i]);
    close(c->fd);
    c->fd = -1;
}

static void send_out(struct connection *c) {
    while (c->fd >= 0 && c->out.length) {
        ssize_t sent = send(c->fd, c->out.data, c->out.length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return;
        if (sent < 0) end_all(c, strerror(errno));
        else drop(&c->out, (size_t)sent);
    }
}

static void receive(struct connection *c, const struct protocol *protocol) {
    size_t kept = c->in.length;
    if (kept) memcpy(in_buffer, c->in.data, kept);
    ssize_t got = recv(c->fd, in_buffer + kept, IN_ROOM - kept, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) end_all(c, got ? strerror(errno) : "closed by the server");
        return;
    }
    size_t length = kept + (size_t)got;
    size_t taken = protocol->take(c, in_buffer, length, clock_ns(CLOCK_REALTIME));
    c->in.length = 0;
    append(&c->in, in_buffer + taken, length - taken);
    send_out(c);
}

static struct connection *open_connections(const struct protocol *protocol, int epoll) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    inet_pton(AF_INET, options.host, &address.sin_addr);
    struct connection *all = calloc((size_t)options.connections, sizeof *all);
    for (int i = 0, one = 1, stuck = options.stuck; i < options.connections; i++) {
        struct connection *c = &all[i];
        c->index = i;
        c->stream_count = options.streams / options.connections +
                          (i < options.streams % options.connections);
        c->streams = calloc((size_t)c->stream_count, sizeof *c->streams);
        for (int s = 0; s < c->stream_count && stuck; s++, stuck--) c->streams[s].is_stuck = true;
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) {
            perror("connect");
            exit(2);
        }
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
        protocol->greet(c);
        send_out(c);
        if (i % AT_ONCE == AT_ONCE - 1) usleep(10000);
    }
    return all;
}

/* Returns false when the input ended. */
static bool obey(int64_t *since, double *cpu_before) {
    char line[64];
    ssize_t got = read(STDIN_FILENO, line, sizeof line - 1);
    if (got <= 0) return false;
    line[got] = 0;
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    if (strstr(line, "measure")) {
        tally_reset();
        *since = now;
        *cpu_before = cpu_s();
    }
    if (strstr(line, "report"))
        tally_report((double)(now - *since) / 1e9, cpu_s() - *cpu_before, options.streams);
    return true;
}

static void read_requests(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    uint8_t buffer[65536];
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file));)
        append(&options.requests, buffer, got);
    fclose(file);
}

static void read_options(int count, char **values) {
    static const struct option known[] = {
        {"protocol", 1, 0, 'p'}, {"host", 1, 0, 'h'},        {"port", 1, 0, 'P'},
        {"path", 1, 0, 'u'},     {"content-type", 1, 0, 'm'},
        {"streams", 1, 0, 's'},  {"connections", 1, 0, 'c'}, {"stuck", 1, 0, 'k'},
        {"requests", 1, 0, 'r'}, {0}};
    for (int o; (o = getopt_long(count, values, "", known, NULL)) > 0;) {
        if (o == 'p') options.protocol = optarg;
        else if (o == 'h') options.host = optarg;
        else if (o == 'P') options.port = atoi(optarg);
        else if (o == 'u') options.path = optarg;
        else if (o == 'm') options.content_type = optarg;
        else if (o == 's') options.streams = atoi(optarg);
        else if (o == 'c') options.connections = atoi(optarg);
        else if (o == 'k') options.stuck = atoi(optarg);
        else if (o == 'r') read_requests(optarg);
        else exit(2);
    }
}

static const struct protocol *chosen(void) {
    const struct protocol *all[] = {&http2, &websocket, &nats, &redis};
    for (int i = 0; i < 4; i++)
        if (!strcmp(all[i]->name, options.protocol)) return all[i];
    fprintf(stderr, "no such protocol: %s\n", options.protocol);
    exit(2);
}

int main(int count, char **values) {
    read_options(count, values);
    /* From the environment, since arguments are public. */
    if (getenv("LOAD_TOKEN")) options.token = getenv("LOAD_TOKEN");
    const struct protocol *protocol = chosen();
    int epoll = epoll_create1(0);
    struct epoll_event commands = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &commands);
    open_connections(protocol, epoll);
    int64_t since = clock_ns(CLOCK_MONOTONIC);
    double cpu_before = 0;
    for (bool said = false;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 100);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c && !obey(&since, &cpu_before)) return 0;
            if (c && c->fd >= 0) receive(c, protocol);
        }
        if (!said && tally_open_count() >= options.streams) {
            said = true;
            puts("open");
            fflush(stdout);
        }
    }
}
