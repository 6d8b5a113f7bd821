#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define BANNER_MAX 512
#define CLASS_INTERNET 1
#define CODE_NO_NAME 3
#define CODE_REFUSED 5
#define ECHO_REPLY 2
#define ECHO_REQUEST 1
#define MAX_ECHO 512
#define TAG_NAME 7

struct station { char name[32]; };
struct point { int32_t x, y, z; };
struct session { struct session *next; char *user; time_t expires; };
struct server { char *banner; };
struct header { char *name, *value; };
struct query { uint16_t id; uint16_t class_code; char name[256]; };
struct answer { uint16_t id; };
struct client { void *zone; unsigned refused; };

struct query *query_parse(const uint8_t *packet, size_t length);
void query_free(struct query *query);
struct answer *zone_lookup(void *zone, const char *name);
int client_send(struct client *client, struct answer *answer);
int client_send_error(struct client *client, uint16_t id, int code);
uint16_t packet_id(const uint8_t *packet);
