#include "event.h"

const char *
event_kind_name(enum event_kind kind)
{
	static const char * const names[EVENT_KINDS] = {
		[EVENT_READY] = "ready",
		[EVENT_STATE] = "state",
		[EVENT_RUN_START] = "run_start",
		[EVENT_RUN_END] = "run_end",
		[EVENT_ACK] = "ack",
		[EVENT_STAGE_FAILED] = "stage_failed",
		[EVENT_STALLED] = "stalled",
		[EVENT_UNFIT] = "unfit",
		[EVENT_STAGE_LINE] = "stage_line",
		[EVENT_SERVER_AWAY] = "server_away",
		[EVENT_SERVER_REFUSES] = "server_refuses",
		[EVENT_SERVER_BACK] = "server_back",
		[EVENT_DISK_LOW] = "disk_low",
		[EVENT_DISK_OK] = "disk_ok",
		[EVENT_STORAGE_LOW] = "storage_low",
		[EVENT_STORAGE_OK] = "storage_ok",
		[EVENT_CHECKPOINT_FAILED] = "checkpoint_failed",
		[EVENT_VERIFIED] = "verified",
		[EVENT_VERIFY_FAILED] = "verify_failed",
		[EVENT_STEERED] = "steered",
		[EVENT_SETTINGS] = "settings",
		[EVENT_STOPPING] = "stopping",
	};

	return (names[kind]);
}
