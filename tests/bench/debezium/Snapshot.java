import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.Json;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Snapshot: a snapshot of one table with Debezium's embedded engine, as JSON
 * without its schema, counted and thrown away; for comparison with extract.
 *
 *	Snapshot TABLE ROWS
 *
 * MYSQL_* say where.  It ends after ROWS records, and prints their number.
 */
public class Snapshot {
	static Properties settings(String table) {
		String db = System.getenv("MYSQL_DATABASE");
		Properties p = new Properties();

		p.setProperty("name", "snapshot");
		p.setProperty("connector.class",
		    "io.debezium.connector.mysql.MySqlConnector");
		p.setProperty("offset.storage",
		    "org.apache.kafka.connect.storage.MemoryOffsetBackingStore");
		p.setProperty("schema.history.internal",
		    "io.debezium.relational.history.MemorySchemaHistory");
		p.setProperty("topic.prefix", "bench");
		p.setProperty("database.hostname", System.getenv("MYSQL_HOST"));
		p.setProperty("database.port", System.getenv("MYSQL_PORT"));
		p.setProperty("database.user", System.getenv("MYSQL_USER"));
		p.setProperty("database.password",
		    System.getenv("MYSQL_PASSWORD"));
		p.setProperty("database.server.id", "76123");
		p.setProperty("database.include.list", db);
		p.setProperty("table.include.list", db + "." + table);
		p.setProperty("snapshot.mode", "initial_only");
		p.setProperty("snapshot.locking.mode", "none");
		p.setProperty("include.schema.changes", "false");
		p.setProperty("converter.schemas.enable", "false");
		p.setProperty("decimal.handling.mode", "string");
		return (p);
	}

	public static void main(String[] args) throws Exception {
		long wanted = Long.parseLong(args[1]);
		long[] rows = { 0 };
		String[] failure = { null };
		CountDownLatch done = new CountDownLatch(1);
		ExecutorService thread = Executors.newSingleThreadExecutor();
		DebeziumEngine<ChangeEvent<String, String>> engine =
		    DebeziumEngine.create(Json.class)
		    .using(settings(args[0]))
		    .using((ok, message, error) -> {
			if (!ok)
				failure[0] = message;
			done.countDown();
		    })
		    .notifying(event -> {
			if (event.value() != null && ++rows[0] == wanted)
				done.countDown();
		    }).build();

		thread.execute(engine);
		done.await();
		System.out.println("{\"rows\":" + rows[0] + "}");
		if (failure[0] != null)
			System.err.println(failure[0]);
		System.out.flush();
		Runtime.getRuntime().halt(rows[0] == wanted ? 0 : 1);
	}
}
