# Allocates strings, arrays and hashes that live, and many that do not; says how many.
names = (0...20_000).map { |i| "name number #{i} with a text too long to be embedded in an object" }
index = names.each_with_index.to_h
short = 0
50_000.times { |i| short += "garbage #{i} that nobody keeps for longer than a moment".size }
lists = (0...500).map { |i| Array.new(200, i) }
puts "#{names.size} names, #{index.size} keys, #{lists.sum(&:size)} numbers, #{short} characters"
