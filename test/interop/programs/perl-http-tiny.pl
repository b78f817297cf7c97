# A token request of a native app: perl-http-tiny.pl <token endpoint> <code> <code_verifier>
use strict;
use warnings;
use HTTP::Tiny;

my ($url, $code, $code_verifier) = @ARGV;
my $response = HTTP::Tiny->new->post_form($url, [
    grant_type    => 'authorization_code',
    client_id     => 'app-1',
    code          => $code,
    redirect_uri  => 'com.example.app:/callback',
    code_verifier => $code_verifier,
]);
print $response->{content};
