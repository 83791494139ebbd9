# The same mapping as schemas/orders.json, of the same lines.
if .type == "RECORD" then
	.record |= {_id: .o_orderkey, customer: .o_custkey,
	    status: .o_orderstatus, total: .o_totalprice, date: .o_orderdate,
	    priority: .o_orderpriority, clerk: .o_clerk,
	    ship: .o_shippriority, comment: .o_comment}
else . end
