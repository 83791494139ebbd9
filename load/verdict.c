#include <stddef.h>
#include <string.h>

#include "verdict.h"

struct row {
	int32_t code;
	enum verdict verdict;
	const char * name;
};

/* Sorted by code; NULL where the name isn't certain.  load.1 tells what each
 * class leads to. */
static const struct row table[] = {
	/* DocumentDB calls everything that goes wrong inside it 1. */
	{ 1, VERDICT_RETRY, "InternalError" },
	{ 2, VERDICT_DATA, "BadValue" },
	{ 6, VERDICT_RETRY, "HostUnreachable" },
	{ 7, VERDICT_RETRY, "HostNotFound" },
	{ 9, VERDICT_DATA, "FailedToParse" },
	{ 11, VERDICT_CREDENTIALS, "UserNotFound" },
	{ 13, VERDICT_CREDENTIALS, "Unauthorized" },
	{ 14, VERDICT_DATA, "TypeMismatch" },
	{ 18, VERDICT_CREDENTIALS, "AuthenticationFailed" },
	{ 20, VERDICT_CRITICAL, "IllegalOperation" },
	{ 22, VERDICT_DATA, "InvalidBSON" },
	{ 24, VERDICT_RETRY, "LockTimeout" },
	{ 28, VERDICT_DATA, "PathNotViable" },
	{ 33, VERDICT_CRITICAL, "AuthSchemaIncompatible" },
	{ 46, VERDICT_RETRY, "LockBusy" },
	{ 50, VERDICT_RETRY, "MaxTimeMSExpired" },
	{ 52, VERDICT_DATA, "DollarPrefixedFieldName" },
	{ 53, VERDICT_DATA, "InvalidIdField" },
	{ 54, VERDICT_DATA, "NotSingleValueField" },
	{ 55, VERDICT_DATA, "InvalidDBRef" },
	{ 56, VERDICT_DATA, "EmptyFieldName" },
	{ 57, VERDICT_DATA, "DottedFieldName" },
	{ 59, VERDICT_CRITICAL, "CommandNotFound" },
	{ 61, VERDICT_CRITICAL, "ShardKeyNotFound" },
	{ 64, VERDICT_RETRY, "WriteConcernTimeout" },
	{ 66, VERDICT_DATA, "ImmutableField" },
	{ 72, VERDICT_CRITICAL, "InvalidOptions" },
	{ 73, VERDICT_CRITICAL, "InvalidNamespace" },
	{ 79, VERDICT_CRITICAL, "UnknownReplWriteConcern" },
	{ 89, VERDICT_RETRY, "NetworkTimeout" },
	{ 91, VERDICT_RETRY, "ShutdownInProgress" },
	{ 100, VERDICT_CRITICAL, "UnsatisfiableWriteConcern" },
	{ 101, VERDICT_CRITICAL, "OutdatedClient" },
	{ 112, VERDICT_RETRY, "WriteConflict" },
	{ 115, VERDICT_CRITICAL, "CommandNotSupported" },
	{ 117, VERDICT_BLOCKED, "ConflictingOperationInProgress" },
	{ 121, VERDICT_DATA, "DocumentValidationFailure" },
	{ 133, VERDICT_RETRY, "FailedToSatisfyReadPreference" },
	{ 134, VERDICT_RETRY, "ReadConcernMajorityNotAvailableYet" },
	{ 140, VERDICT_CRITICAL, "InvalidSSLConfiguration" },
	{ 141, VERDICT_CRITICAL, "SSLHandshakeFailed" },
	{ 166, VERDICT_CRITICAL, "CommandNotSupportedOnView" },
	{ 171, VERDICT_DATA, "CannotIndexParallelArrays" },
	{ 189, VERDICT_RETRY, "PrimarySteppedDown" },
	{ 201, VERDICT_DATA, "CannotBuildIndexKeys" },
	{ 215, VERDICT_BLOCKED, "DatabaseDropPending" },
	{ 216, VERDICT_RETRY, "ElectionInProgress" },
	{ 262, VERDICT_RETRY, "ExceededTimeLimit" },
	{ 283, VERDICT_DATA, "WouldChangeOwningShard" },
	{ 322, VERDICT_CRITICAL, "APIVersionError" },
	{ 323, VERDICT_CRITICAL, "APIStrictError" },
	{ 324, VERDICT_CRITICAL, "APIDeprecationError" },
	{ 357, VERDICT_DATA, NULL },
	{ 365, VERDICT_RETRY, "TemporarilyUnavailable" },
	{ 371, VERDICT_BLOCKED, "UserWritesBlocked" },
	{ 378, VERDICT_DATA, "NonConformantBSON" },
	{ 402, VERDICT_RETRY, "ResourceExhausted" },
	{ 407, VERDICT_RETRY, NULL },
	{ 412, VERDICT_RETRY, NULL },
	{ 433, VERDICT_OVERLOAD, "AdmissionQueueOverflow" },
	{ 449, VERDICT_OVERLOAD, "RateLimitExceeded" },
	{ 450, VERDICT_OVERLOAD, NULL },
	{ 453, VERDICT_RETRY, NULL },
	{ 462, VERDICT_OVERLOAD, "IngressRequestRateLimitExceeded" },
	{ 8000, VERDICT_CRITICAL, "AtlasError" },
	{ 9001, VERDICT_RETRY, "SocketException" },
	{ 10003, VERDICT_CRITICAL, "CannotGrowDocumentInCappedNamespace" },
	{ 10058, VERDICT_RETRY, "LegacyNotPrimary" },
	{ 10107, VERDICT_RETRY, "NotWritablePrimary" },
	{ 10334, VERDICT_DATA, "BSONObjectTooLarge" },
	{ 11000, VERDICT_DUPLICATE, "DuplicateKey" },
	{ 11001, VERDICT_DUPLICATE, "DuplicateKey" },
	{ 11600, VERDICT_RETRY, "InterruptedAtShutdown" },
	{ 11602, VERDICT_RETRY, "InterruptedDueToReplStateChange" },
	{ 13435, VERDICT_RETRY, "NotPrimaryNoSecondaryOk" },
	{ 13436, VERDICT_RETRY, "NotPrimaryOrSecondary" },
	{ 14031, VERDICT_BLOCKED, "OutOfDiskSpace" },
	{ 17419, VERDICT_DATA, "UpdateTooLarge" },
	{ 17420, VERDICT_DATA, "UpsertTooLarge" },

	/* DocumentDB, as FerretDB passes them on. */
	{ 16908292, VERDICT_RETRY, "Deadlock" },
	{ 525074461, VERDICT_DATA, "DocumentValidationFailure" }
};

/* The row of a code, or NULL. */
static const struct row *
find(int32_t code)
{
	size_t lo = 0, hi = sizeof table / sizeof table[0], mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (table[mid].code == code)
			return (&table[mid]);
		if (table[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (NULL);
}

enum verdict
verdict_of(int32_t code, unsigned labels)
{
	const struct row * row = find(code);

	if (labels & VERDICT_LABEL_OVERLOAD)
		return (VERDICT_OVERLOAD);
	if (labels & VERDICT_LABEL_RETRY)
		return (VERDICT_RETRY);
	return (row != NULL ? row->verdict : VERDICT_UNKNOWN);
}

unsigned
verdict_label(const char * label)
{

	if (strcmp(label, "SystemOverloadedError") == 0)
		return (VERDICT_LABEL_OVERLOAD);
	if (strcmp(label, "RetryableWriteError") == 0 ||
	    strcmp(label, "TransientTransactionError") == 0 ||
	    strcmp(label, "RetryableError") == 0)
		return (VERDICT_LABEL_RETRY);
	return (0);
}

const char *
verdict_name(int32_t code)
{
	const struct row * row = find(code);

	return (row != NULL && row->name != NULL ? row->name : "unnamed");
}
