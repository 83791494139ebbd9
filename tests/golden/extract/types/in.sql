-- Every column type of both servers, with its extremes: as low and as high as
-- it goes, empty, zero, NULL, and text that is hard to print.
SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00';

CREATE TABLE numbers (
	id INT PRIMARY KEY,
	ti TINYINT, tu TINYINT UNSIGNED, si SMALLINT, su SMALLINT UNSIGNED,
	mi MEDIUMINT, mu MEDIUMINT UNSIGNED, i INT, iu INT UNSIGNED,
	bi BIGINT, bu BIGINT UNSIGNED, zf INT(8) UNSIGNED ZEROFILL,
	yes TINYINT(1), b1 BIT(1), b12 BIT(12), b64 BIT(64), y YEAR,
	d DECIMAL(65,30), d0 DECIMAL(20,0), du DECIMAL(5,2) UNSIGNED,
	dz DECIMAL(12,3) ZEROFILL,
	f FLOAT, fd FLOAT(7,2), db DOUBLE, dd DOUBLE(30,4)
);
INSERT INTO numbers VALUES
(1, -128, 0, -32768, 0, -8388608, 0, -2147483648, 0, -9223372036854775808, 0,
    0, 0, b'0', b'0', b'0', 1901,
    -99999999999999999999999999999999999.999999999999999999999999999999,
    -99999999999999999999, 0, 0,
    -3.402823466E+38, -99999.99, -1.7976931348623157E+308,
    -12345678901234567890.1234),
(2, 127, 255, 32767, 65535, 8388607, 16777215, 2147483647, 4294967295,
    9223372036854775807, 18446744073709551615, 42, 1, b'1',
    b'111111111111', 0xffffffffffffffff, 2155,
    99999999999999999999999999999999999.999999999999999999999999999999,
    99999999999999999999, 999.99, 12.5,
    3.402823466E+38, 12345.67, 1.7976931348623157E+308,
    12345678901234567890.1234),
(3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99999999, 2, b'1', b'101',
    0x8000000000000000, 0, 0.000000000000000000000000000001, 0, 0.1, 0.001,
    1.17549435E-38, 0.01, 2.2250738585072014E-308, 0.0001),
(4, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, 1, -1, b'1', b'1', b'1', 1970,
    -0.5, -1, 1, 1, 0.1, 0.1, 0.1, 0.1),
(5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
(6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, b'1', b'1', b'1', 2000, 1, 1, 1, 1,
    8388609, 16777216, 9007199254740993, 1e15),
(7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, b'1', b'1', b'1', 2000, 1, 1, 1, 1,
    3.14159274, 1e-2, 5e-324, 1.5),
(8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, b'1', b'1', b'1', 2000, 1, 1, 1, 1,
    1e10, 1, 123456789012345680000, 100000000000000000000);

CREATE TABLE times (
	id INT PRIMARY KEY,
	d DATE, t TIME, t6 TIME(6), dt DATETIME, dt3 DATETIME(3),
	dt6 DATETIME(6), ts TIMESTAMP NULL, ts6 TIMESTAMP(6) NULL
);
INSERT INTO times VALUES
(1, '1000-01-01', '-838:59:59', '-838:59:59', '1000-01-01 00:00:00',
    '1000-01-01 00:00:00.001', '1000-01-01 00:00:00.000001',
    '1970-01-01 00:00:01', '1970-01-01 00:00:01.000000'),
(2, '9999-12-31', '838:59:59', '838:59:58.999999', '9999-12-31 23:59:59',
    '9999-12-31 23:59:59.999', '9999-12-31 23:59:59.999999',
    '2038-01-19 03:14:07', '2038-01-19 03:14:07.499999'),
(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
(4, '0000-00-00', '00:00:00', '-00:00:00.000001', '0000-00-00 00:00:00',
    '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00',
    '0000-00-00 00:00:00'),
(5, '2026-00-15', '12:34:56', '12:34:56.789', '2026-12-00 01:02:03',
    '2026-00-00 01:02:03.004', '0000-12-31 00:00:00', NULL, NULL),
(6, '2026-02-31', '-1:00:00', '1:02:03.4', '2026-04-31 00:00:00',
    '2023-02-29 00:00:00', '2024-02-29 00:00:00', NULL, NULL);

CREATE TABLE texts (
	id INT PRIMARY KEY,
	c CHAR(10), v VARCHAR(255), tt TINYTEXT, t TEXT, mt MEDIUMTEXT,
	lt LONGTEXT, l1 VARCHAR(50) CHARACTER SET latin1,
	u2 VARCHAR(50) CHARACTER SET ucs2, u16 VARCHAR(50) CHARACTER SET utf16,
	sj VARCHAR(50) CHARACTER SET sjis,
	e ENUM('small', 'it''s', 'b\\k', 'new\nline', 'a,b', ''),
	s SET('red', 'it''s', 'b\\k', 'é', 'tab\there'),
	b BINARY(4), vb VARBINARY(255), tb TINYBLOB, bl BLOB, mb MEDIUMBLOB,
	lb LONGBLOB
) DEFAULT CHARACTER SET utf8mb4;
INSERT INTO texts VALUES
(1, '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', ''),
(2, 'ten chars!', 'quote " back\\slash / slash', 'line\nfeed\rreturn\ttab',
    'nul\0byte', X'010203040506070B0C0E0F101F7F', 'emoji 😀👨‍👩‍👧 é ﬁ \uFEFF',
    'é ü ß €', 'é Ω', '😀', 'テスト', 'it''s', 'red,it''s,b\\k,é,tab\there',
    X'00', X'00FF7F80', X'FF', 'abc', 'ab', 'a'),
(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL),
(4, 'trail  ', 'trail  ', ' ', REPEAT('0123456789abcdef', 40),
    CONCAT(REPEAT('x', 15), '"'), CONCAT(REPEAT('x', 16), 'é'),
    REPEAT('x', 17), 'x', 'x', 'x', 'b\\k', 'b\\k', 'abcd',
    REPEAT(X'FE', 100), X'', REPEAT('z', 1000), REPEAT('y', 31), 'x'),
(5, _utf8mb4 X'E2808E', _utf8mb4 X'F48FBFBF', _utf8mb4 X'EFBFBD',
    _utf8mb4 X'E2808028', '\'', '`', X'FF80', 'x', 'x', 'x', 'new\nline',
    'é', 'ab', 'a', 'a', 'a', 'a', 'a'),
(6, 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'a,b', 'red', 'x', 'x',
    'x', 'x', 'x', 'x');

CREATE TABLE documents (id INT PRIMARY KEY, j JSON, g GEOMETRY);
INSERT INTO documents VALUES
(1, '{"a": 1, "b": [1, 2.5, -1e-7, true, false, null], "": {}}',
    ST_GeomFromText('POINT(1 2)')),
(2, '[]', ST_GeomFromText('LINESTRING(0 0, 1.5 -2.5, 1e300 0.1)')),
(3, NULL, NULL),
(4, 'null', ST_GeomFromText('POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), '
    '(2 2, 4 2, 4 4, 2 4, 2 2))')),
(5, '"a \\"text\\" \\u0000 é 😀 \\n end"',
    ST_GeomFromText('MULTIPOINT(0 0, 1 1)')),
(6, '18446744073709551615',
    ST_GeomFromText('MULTILINESTRING((0 0, 1 1), (2 2, 3 3))')),
(7, '{"$numberLong": "7", "x.y": {"$date": 0}}',
    ST_GeomFromText('MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), '
    '((5 5, 6 5, 6 6, 5 5)))')),
(8, '-9223372036854775808',
    ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1), '
    'LINESTRING(0 0, 1 1))')),
(9, '[[[[1]]], {"deep": {"er": [ {} , [] ]}}]',
    ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')),
(10, '0.1', ST_GeomFromText('POINT(52.52 13.405)', 4326));
