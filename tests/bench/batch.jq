# Lines of `mysql --batch --quick` to documents: jq -cR -f batch.jq
split("\t") | map(if . == "NULL" then null else . end) |
{_id: (.[0] | tonumber), customer: (.[1] | tonumber), status: .[2],
    total: .[3], date: .[4], priority: .[5], clerk: .[6],
    ship: (.[7] | tonumber), comment: .[8]}
