/* A bare librdkafka client for the benchmarks: fills topics, reads along, and does a worker's reading and writing without a
 * worker's thinking.
 *
 *   client load  BOOTSTRAP FILE [RATE]              writes the records of FILE, RATE a second, or as fast as it goes
 *   client watch BOOTSTRAP TOPIC PARTITIONS         "cause append-ms arrival-ms" of each committed record, until SIGTERM
 *   client loop  BOOTSTRAP INPUT PARTITIONS THREADS FILE COUNT RATIO...
 *                                                   consumes INPUT up to COUNT records, writing for each of them RATIO
 *                                                   records of each topic of FILE, in transactions with its positions
 *
 * FILE: "TRB1", number of topics, their names; then records: topic, partition, key, value, headers. See records.py.
 */
#include <librdkafka/rdkafka.h>

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { TOPICS = 16, TURN_RECORDS = 4000, TURN_MS = 200, CALL_MS = 30000 };

static volatile sig_atomic_t is_stopped;

static void stop(int number) {
    (void)number;
    is_stopped = 1;
}

static void fail(const char *what, const char *why) {
    fprintf(stderr, "client: %s: %s\n", what, why);
    exit(1);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

/* Records in a file. */

typedef struct {
    int topic;
    int partition;
    const char *key, *value;
    int key_length, value_length; /* -1: none */
    const char *headers;
    int header_count;
} Record;

typedef struct {
    char *bytes;
    size_t size;
    int topic_count;
    char topics[TOPICS][256];
    Record *records;
    size_t count;
} Load;

static int32_t number(const char **at) {
    int32_t found;
    memcpy(&found, *at, 4);
    *at += 4;
    return found;
}

static const char *bytes(const char **at, int length) {
    const char *start = *at;
    if (length > 0) *at += length;
    return length < 0 ? NULL : start;
}

static Load *load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path, "cannot be opened");
    Load *load = calloc(1, sizeof *load);
    fseek(file, 0, SEEK_END);
    load->size = ftell(file);
    rewind(file);
    load->bytes = malloc(load->size);
    if (fread(load->bytes, 1, load->size, file) != load->size || load->size < 8 || memcmp(load->bytes, "TRB1", 4))
        fail(path, "is no file of records");
    fclose(file);
    const char *at = load->bytes + 4;
    load->topic_count = number(&at);
    if (load->topic_count > TOPICS) fail(path, "has too many topics");
    for (int index = 0; index < load->topic_count; index++) {
        int length = number(&at);
        memcpy(load->topics[index], bytes(&at, length), length);
    }
    size_t room = 0;
    while (at < load->bytes + load->size) {
        if (load->count == room) {
            room = room ? 2 * room : 1024;
            load->records = realloc(load->records, room * sizeof(Record));
        }
        Record *record = &load->records[load->count++];
        record->topic = number(&at);
        record->partition = number(&at);
        record->key_length = number(&at);
        record->key = bytes(&at, record->key_length);
        record->value_length = number(&at);
        record->value = bytes(&at, record->value_length);
        record->header_count = number(&at);
        record->headers = at;
        for (int index = 0; index < 2 * record->header_count; index++) {
            int length = number(&at);
            bytes(&at, length);
        }
    }
    return load;
}

/* Clients. */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char reason[512];
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) fail(name, reason);
}

static rd_kafka_t *producer(const char *bootstrap, const char *transactional_id) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", bootstrap);
    set(conf, "compression.codec", "lz4");
    set(conf, "linger.ms", "50");
    set(conf, "acks", "all");
    set(conf, "enable.idempotence", "true");
    set(conf, "socket.nagle.disable", "true");
    set(conf, "queue.buffering.max.messages", "100000");
    set(conf, "queue.buffering.max.kbytes", "32768");
    if (transactional_id) {
        set(conf, "transactional.id", transactional_id);
        set(conf, "transaction.timeout.ms", "10000");
    }
    char reason[512];
    rd_kafka_t *made = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (!made) fail("producer", reason);
    return made;
}

static rd_kafka_t *consumer(const char *bootstrap, const char *group) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", bootstrap);
    set(conf, "group.id", group);
    set(conf, "isolation.level", "read_committed");
    set(conf, "enable.auto.commit", "false");
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "socket.nagle.disable", "true");
    set(conf, "queued.max.messages.kbytes", "8192");
    set(conf, "fetch.wait.max.ms", "20");
    char reason[512];
    rd_kafka_t *made = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (!made) fail("consumer", reason);
    rd_kafka_poll_set_consumer(made);
    return made;
}

/* Polls, too: delivery reports hold the records' memory. */
static void produce(rd_kafka_t *client, rd_kafka_topic_t *topic, const Record *record) {
    while (1) {
        rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
        const char *at = record->headers;
        for (int index = 0; index < record->header_count; index++) {
            int name_length = number(&at);
            const char *name = bytes(&at, name_length);
            int value_length = number(&at);
            const char *value = bytes(&at, value_length);
            rd_kafka_header_add(headers, name, name_length, value, value_length);
        }
        rd_kafka_resp_err_t code = rd_kafka_producev(
            client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(record->partition),
            RD_KAFKA_V_KEY(record->key, record->key_length < 0 ? 0 : record->key_length),
            RD_KAFKA_V_VALUE((void *)record->value, record->value_length < 0 ? 0 : record->value_length),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        rd_kafka_headers_destroy(headers);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("producing", rd_kafka_err2str(code));
        rd_kafka_poll(client, 10);
    }
}

static void open_topics(rd_kafka_t *client, const Load *load, rd_kafka_topic_t **topics) {
    for (int index = 0; index < load->topic_count; index++) {
        topics[index] = rd_kafka_topic_new(client, load->topics[index], NULL);
        const rd_kafka_metadata_t *metadata;
        rd_kafka_resp_err_t code = rd_kafka_metadata(client, 0, topics[index], &metadata, CALL_MS);
        if (code) fail(load->topics[index], rd_kafka_err2str(code));
        rd_kafka_metadata_destroy(metadata);
    }
}

/* load */

static int fill(const char *bootstrap, const char *path, double rate) {
    Load *input = load(path);
    rd_kafka_t *client = producer(bootstrap, NULL);
    rd_kafka_topic_t *topics[TOPICS];
    open_topics(client, input, topics);
    double start = seconds();
    for (size_t index = 0; index < input->count && !is_stopped; index++) {
        if (rate > 0 && index % 20 == 0) {
            double wait;
            while ((wait = start + index / rate - seconds()) > 0) {
                rd_kafka_poll(client, 0);
                struct timespec pause = {0, (long)((wait > 0.005 ? 0.005 : wait) * 1e9)};
                nanosleep(&pause, NULL);
            }
        }
        produce(client, topics[input->records[index].topic], &input->records[index]);
        if (index % 256 == 0) rd_kafka_poll(client, 0);
    }
    if (rd_kafka_flush(client, CALL_MS)) fail("flush", "records were not taken by the broker");
    double took = seconds() - start;
    printf("%zu %.3f\n", input->count, took);
    return 0;
}

/* watch */

static rd_kafka_topic_partition_list_t *places(const char *topic, int partitions, int64_t offset) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int partition = 0; partition < partitions; partition++)
        rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    return list;
}

static int watch(const char *bootstrap, const char *topic, int partitions) {
    rd_kafka_t *client = consumer(bootstrap, "bench-watch");
    rd_kafka_topic_partition_list_t *list = places(topic, partitions, RD_KAFKA_OFFSET_END);
    for (int index = 0; index < partitions; index++) {
        int64_t low, high;
        rd_kafka_resp_err_t code =
            rd_kafka_query_watermark_offsets(client, topic, index, &low, &high, CALL_MS);
        if (code) fail(topic, rd_kafka_err2str(code));
        list->elems[index].offset = high;
    }
    rd_kafka_assign(client, list);
    fprintf(stderr, "watching\n");
    while (!is_stopped) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 100);
        if (!message) continue;
        rd_kafka_headers_t *headers;
        const void *cause;
        size_t length;
        if (!message->err && !rd_kafka_message_headers(message, &headers) &&
            !rd_kafka_header_get_last(headers, "tributary-cause", &cause, &length)) {
            struct timeval now;
            gettimeofday(&now, NULL);
            printf("%.*s %lld %lld\n", (int)length, (const char *)cause,
                (long long)rd_kafka_message_timestamp(message, NULL),
                (long long)now.tv_sec * 1000 + now.tv_usec / 1000);
        }
        rd_kafka_message_destroy(message);
    }
    return 0;
}

/* loop */

typedef struct {
    const char *bootstrap, *input;
    int partitions, index, threads;
    const Load *outputs;
    const double *ratios;
    size_t *of_topic[TOPICS];
    size_t topic_sizes[TOPICS];
} Turns;

static volatile long long done, wanted;

static void check(rd_kafka_error_t *error, const char *what) {
    if (error) fail(what, rd_kafka_error_string(error));
}

static void *turns(void *argument) {
    Turns *turns = argument;
    char name[128];
    snprintf(name, sizeof name, "bare-%s-%d", turns->input, turns->index);
    rd_kafka_t *reader = consumer(turns->bootstrap, name);
    rd_kafka_t *writer = producer(turns->bootstrap, name);
    check(rd_kafka_init_transactions(writer, CALL_MS), "init");
    rd_kafka_topic_t *topics[TOPICS];
    open_topics(writer, turns->outputs, topics);
    rd_kafka_topic_partition_list_t *mine = rd_kafka_topic_partition_list_new(turns->partitions);
    for (int partition = turns->index; partition < turns->partitions; partition += turns->threads)
        rd_kafka_topic_partition_list_add(mine, turns->input, partition)->offset = 0;
    rd_kafka_assign(reader, mine);
    rd_kafka_consumer_group_metadata_t *metadata = rd_kafka_consumer_group_metadata(reader);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(reader);
    rd_kafka_message_t *messages[TURN_RECORDS];
    double owed[TOPICS] = {0};
    size_t next[TOPICS] = {0};
    while (__atomic_load_n(&done, __ATOMIC_RELAXED) < wanted) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, 20, messages, 500);
        if (count <= 0) continue;
        check(rd_kafka_begin_transaction(writer), "begin");
        double end = seconds() + TURN_MS / 1e3;
        long long records = 0;
        while (1) {
            for (ssize_t index = 0; index < count; index++) {
                rd_kafka_message_t *message = messages[index];
                if (message->err) fail("reading", rd_kafka_message_errstr(message));
                rd_kafka_topic_partition_list_set_offset(
                    mine, turns->input, message->partition, message->offset + 1);
                for (int topic = 0; topic < turns->outputs->topic_count; topic++) {
                    for (owed[topic] += turns->ratios[topic]; owed[topic] >= 1; owed[topic] -= 1) {
                        size_t place = turns->of_topic[topic][next[topic]++ % turns->topic_sizes[topic]];
                        produce(writer, topics[topic], &turns->outputs->records[place]);
                    }
                }
                rd_kafka_message_destroy(message);
                records++;
            }
            rd_kafka_poll(writer, 0);
            if (records >= TURN_RECORDS - 500 || seconds() > end) break;
            count = rd_kafka_consume_batch_queue(queue, 0, messages, 500);
            if (count <= 0) break;
        }
        check(rd_kafka_send_offsets_to_transaction(writer, mine, metadata, CALL_MS), "offsets");
        check(rd_kafka_commit_transaction(writer, CALL_MS), "commit");
        __atomic_add_fetch(&done, records, __ATOMIC_RELAXED);
    }
    return NULL;
}

static int loop(int count, char **arguments) {
    Turns all = {arguments[0], arguments[1], atoi(arguments[2]), 0, atoi(arguments[3]), load(arguments[4]), NULL, {0}, {0}};
    wanted = atoll(arguments[5]);
    double ratios[TOPICS];
    if (count - 6 != all.outputs->topic_count) fail("loop", "one ratio for each topic of the file");
    for (int topic = 0; topic < count - 6; topic++) {
        ratios[topic] = atof(arguments[6 + topic]);
        all.of_topic[topic] = malloc(all.outputs->count * sizeof(size_t));
        for (size_t index = 0; index < all.outputs->count; index++)
            if (all.outputs->records[index].topic == topic) all.of_topic[topic][all.topic_sizes[topic]++] = index;
        if (!all.topic_sizes[topic]) fail(all.outputs->topics[topic], "has no record in the file");
    }
    all.ratios = ratios;
    pthread_t threads[64];
    Turns of_thread[64];
    double start = seconds();
    for (int index = 0; index < all.threads; index++) {
        of_thread[index] = all;
        of_thread[index].index = index;
        pthread_create(&threads[index], NULL, turns, &of_thread[index]);
    }
    for (int index = 0; index < all.threads; index++) pthread_join(threads[index], NULL);
    double took = seconds() - start;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%lld %.3f %.3f %.1f\n", done, took,
        usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
        usage.ru_maxrss / 1024.0);
    fflush(stdout);
    _exit(0);
}

int main(int count, char **arguments) {
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    if (count >= 4 && !strcmp(arguments[1], "load"))
        return fill(arguments[2], arguments[3], count > 4 ? atof(arguments[4]) : 0);
    if (count == 5 && !strcmp(arguments[1], "watch")) return watch(arguments[2], arguments[3], atoi(arguments[4]));
    if (count > 8 && !strcmp(arguments[1], "loop")) return loop(count - 2, arguments + 2);
    fprintf(stderr, "usage: client load|watch|loop: see the head of client.c\n");
    return 2;
}
