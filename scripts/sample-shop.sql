-- The sample shop: what scripts/sample-shop fills. The same on MySQL 9.7 and
-- MariaDB 10.11. The key is sometimes a number, sometimes a text, sometimes
-- two columns; the change column has seconds in three tables and microseconds
-- in two. Nothing here is tidier than in a shop that has grown for ten years.

DROP TABLE IF EXISTS categories, customers, products, inventory, orders;

-- Key: a text, with letters beyond ASCII.
CREATE TABLE categories (
	slug		VARCHAR(64) NOT NULL,
	parent_slug	VARCHAR(64),
	name		VARCHAR(100) NOT NULL,
	path		VARCHAR(255) NOT NULL,		-- garden/tools/saws
	description	TEXT,
	position	SMALLINT NOT NULL DEFAULT 0,
	visible		TINYINT(1) NOT NULL DEFAULT 1,
	created_at	DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
	updated_at	TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
			ON UPDATE CURRENT_TIMESTAMP,
	PRIMARY KEY (slug),
	KEY updated (updated_at, slug)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- Key: up to 2^64 - 1. Names, addresses and hashes: personal data.
CREATE TABLE customers (
	id		BIGINT UNSIGNED NOT NULL,
	email		VARCHAR(190),			-- as typed in
	name		VARCHAR(120) NOT NULL,
	phone		CHAR(20),
	birth_date	DATE,				-- 0000-00-00, 1985-00-00
	status		ENUM('active','blocked','closed','new customer')
			NOT NULL DEFAULT 'active',
	flags		SET('newsletter','vip','b2b','tax-free') NOT NULL
			DEFAULT '',
	street		VARCHAR(200),
	city		VARCHAR(100),
	zip		VARCHAR(12),
	country		CHAR(2),
	locale		VARCHAR(12) NOT NULL DEFAULT 'en',
	points		INT NOT NULL DEFAULT 0,		-- may be negative
	credit		DECIMAL(20,4),
	preferences	JSON,
	password_hash	VARBINARY(64),
	last_ip		VARBINARY(16),
	last_login	DATETIME,			-- 0000-00-00 00:00:00
	notes		TEXT,
	created_at	TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
	updated_at	TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
			ON UPDATE CURRENT_TIMESTAMP(6),
	PRIMARY KEY (id),
	KEY updated (updated_at, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE products (
	id		INT UNSIGNED NOT NULL AUTO_INCREMENT,
	sku		VARCHAR(40) NOT NULL,
	name		VARCHAR(255) NOT NULL,
	category_slug	VARCHAR(64),
	kind		ENUM('simple','variant','bundle','download') NOT NULL,
	description	LONGTEXT,
	price		DECIMAL(12,2) NOT NULL,
	cost		DECIMAL(18,6),
	ratio		DECIMAL(65,30),			-- some have > 34 digits
	weight_kg	DOUBLE,
	rating		FLOAT,
	options		BIT(12) NOT NULL DEFAULT b'0',
	active		TINYINT(1) NOT NULL DEFAULT 1,
	views		BIGINT UNSIGNED NOT NULL DEFAULT 0,	-- to 2^64 - 1
	model_year	YEAR,
	available_from	DATE,
	tags		VARCHAR(500) NOT NULL DEFAULT '',	-- red, steel ,new
	attributes	JSON,
	thumbnail	BLOB,
	created_at	DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
	updated_at	TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
			ON UPDATE CURRENT_TIMESTAMP,
	PRIMARY KEY (id),
	UNIQUE KEY sku (sku),
	KEY updated (updated_at, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- Key: two columns.
CREATE TABLE inventory (
	product_id	INT UNSIGNED NOT NULL,
	warehouse	VARCHAR(16) NOT NULL,
	quantity	INT NOT NULL DEFAULT 0,		-- may be negative
	reserved	MEDIUMINT UNSIGNED NOT NULL DEFAULT 0,
	reorder_level	SMALLINT,
	bin		VARCHAR(20),
	rfid		BINARY(8),
	unit_cost	DECIMAL(18,6),
	counted_on	DATE,
	count_time	TIME,				-- -12:00:00, 838:59:59
	created_at	DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
	updated_at	DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
			ON UPDATE CURRENT_TIMESTAMP,
	PRIMARY KEY (product_id, warehouse),
	KEY updated (updated_at, product_id, warehouse)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE orders (
	id		BIGINT NOT NULL AUTO_INCREMENT,
	number		CHAR(15) NOT NULL,		-- 2026-0000000001
	customer_id	BIGINT UNSIGNED NOT NULL,
	status		ENUM('new','paid','packed','shipped','delivered',
			'cancelled','returned') NOT NULL DEFAULT 'new',
	flags		SET('gift','express','split','check') NOT NULL
			DEFAULT '',
	currency	CHAR(3) NOT NULL DEFAULT 'EUR',
	subtotal	DECIMAL(14,2) NOT NULL,
	shipping	DECIMAL(14,2) NOT NULL DEFAULT 0,
	tax		DECIMAL(14,2) NOT NULL DEFAULT 0,
	total		DECIMAL(14,2) NOT NULL,
	exchange_rate	DECIMAL(34,17),			-- 34 digits, no more
	items		JSON NOT NULL,
	ship_name	VARCHAR(120),
	ship_street	VARCHAR(200),
	ship_city	VARCHAR(100),
	ship_zip	VARCHAR(12),
	ship_country	CHAR(2),
	comment		TEXT,
	ordered_at	DATETIME(3) NOT NULL,
	paid_at		DATETIME(6),
	shipped_on	DATE,				-- 0000-00-00
	handling	TIME(3),			-- -12:34:56.789, 100:00:00
	created_at	TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
	updated_at	TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
			ON UPDATE CURRENT_TIMESTAMP(6),
	PRIMARY KEY (id),
	KEY customer (customer_id),
	KEY updated (updated_at, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
