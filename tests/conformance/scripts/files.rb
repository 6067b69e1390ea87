# Reads and writes files in its first argument's folder, and says what it did.
folder = ARGV.fetch(0)
text = File.read("#{folder}/in.txt")
File.write("#{folder}/out.txt", text.upcase)
Dir.mkdir("#{folder}/many")
100.times { |i| File.write("#{folder}/many/#{i}.txt", "line #{i}\n" * 100) }
total = Dir.children("#{folder}/many").sum { |name| File.size("#{folder}/many/#{name}") }
100.times { |i| File.delete("#{folder}/many/#{i}.txt") }
Dir.rmdir("#{folder}/many")
puts "ruby #{RUBY_VERSION}: #{text.split.size} words, #{total} bytes, #{ENV.fetch("GREETING")}"
begin
  File.read("#{folder}/none")
rescue Errno::ENOENT => error
  warn error.class
end
exit 7
