// SPDX-License-Identifier: Apache-2.0
//
// Hands out to the app what was recorded under a key, in the order of the recording, to whoever of its threads and processes
// asks next. The data is in files, which Linux reads to where the app wants it: a pointer that leads nowhere costs nothing.
#include "graph.h"

static struct replay *replay;

HIDDEN void attach_replay(void)
{
	const char *path = environment("EDGEXRAY_REPLAY"); // the shared memory's path
	long fd = path ? call6(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0, 0, 0) : -1;
	if (FAILED(fd))
		return;
	struct replay head;
	if (read_from_file(path, 0, (word)&head, sizeof(head)) && head.magic == REPLAY_MAGIC && head.version == SHARED_VERSION) {
		long at = call6(SYS_mmap, 0, head.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (!FAILED(at))
			replay = (struct replay *)at;
	}
	call1(SYS_close, fd);
}

static struct replay_key *key_named(const char *name)
{
	struct replay_key *keys = (struct replay_key *)(replay + 1);
	for (u32 i = 0; i < replay->keys; i++)
		if (same(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static void refuse(struct replay_key *k, u64 asked, u64 recorded)
{
	if (add(&k->refused, 1))
		return;
	k->asked = asked;
	k->recorded = recorded;
}

// Takes what comes next of a key, which has to be so long. Returns where it begins in its piece; -1 when that can't be.
static s64 take(struct replay_key *k, const struct replay_piece *pieces, u64 bytes, const struct replay_piece **piece)
{
	for (u64 next = load(&k->next);;) {
		int over = k->stream ? next >= pieces->bytes : next >= k->pieces;
		if (over) {
			add(&k->over, 1);
			return -1;
		}
		*piece = k->stream ? pieces : &pieces[next];
		u64 left = k->stream ? pieces->bytes - next : (*piece)->bytes;
		if (k->stream ? left < bytes : left != bytes) {
			refuse(k, bytes, left);
			return -1;
		}
		if (swap_if(&k->next, &next, k->stream ? next + bytes : next + 1))
			return k->stream ? next : 0;
	}
}

HIDDEN int play(const char *name, word at, word bytes)
{
	struct replay_key *k = replay ? key_named(name) : NULL;
	if (k == NULL)
		return 0;
	const struct replay_piece *pieces = (const struct replay_piece *)((struct replay_key *)(replay + 1) + replay->keys) + k->first, *piece;
	s64 from = take(k, pieces, bytes, &piece);
	if (from < 0)
		return 0;
	if (!read_from_file((const char *)replay + piece->path, piece->offset + from, at, bytes)) {
		add(&k->failed, 1);
		return 0;
	}
	add(&k->given, 1);
	return 1;
}
