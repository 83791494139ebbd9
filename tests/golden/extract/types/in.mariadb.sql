-- Types and values that only MariaDB has: its JSON is the text as written.
CREATE TABLE only (id INT PRIMARY KEY, u UUID, i4 INET4, i6 INET6,
	j JSON, t LONGTEXT, h INT INVISIBLE);
INSERT INTO only (id, u, i4, i6, j, t, h) VALUES
(1, '123e4567-e89b-12d3-a456-426655440000', '127.0.0.1', '::1',
    ' { "a" :\n[ 1.50 , 1E+2, -0 ]\t, "\\u00e9" : "a b\\/c" } ', '{"a": 1}',
    7),
(2, NULL, NULL, NULL, '1e400', NULL, NULL);
