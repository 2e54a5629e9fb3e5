# Stands in for Register-CimIndicationEvent, local and by query. A timer of the session compares; events carry no instance.
function Register-CimIndicationEvent {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSAvoidOverwritingBuiltInCmdlets', '', Justification = 'it stands in for it')]
    [CmdletBinding(DefaultParameterSetName = 'QueryExpressionComputerSet')]
    param(
        [Parameter(ParameterSetName = 'QueryExpressionComputerSet', Position = 0, Mandatory = $true)]
        [string]$Query,
        [Parameter(Position = 1)]
        [string]$SourceIdentifier = [guid]::NewGuid().ToString(),
        [Parameter()]
        [string]$Namespace,
        [Parameter()]
        [uint32]$OperationTimeoutSec
    )
    Invoke-FakeCim -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
        param($World)
        $asked = Read-FakeEventQuery -Query $Query
        Assert-FakeNamespace -Class $asked.Class -Namespace $Namespace
        if ($null -eq (Get-FakeCimTable -World $World -Class $asked.Class)) { Deny-FakeCim -Code '0x80041010' -Message 'Ungueltige Klasse' }
        $state = @{ View = Get-FakeEventView -World $World -Asked $asked; Asked = $asked; Source = $SourceIdentifier }
        $state.Compare = {
            param($State)
            # Without the lock: this runs between two statements of whatever the session does, which may hold it.
            $view = Get-FakeEventView -World (Read-FakeWorld -Path (Get-FakeStatePath)) -Asked $State.Asked
            $count = Measure-FakeEvent -Before $State.View -Now $view -Kind $State.Asked.Kind
            $State.View = $view
            for ($index = 0; $index -lt $count; $index++) { $null = New-Event -SourceIdentifier $State.Source }
        }
        $timer = [System.Timers.Timer]::new($asked.Seconds * 1000)
        $subscription = @{ InputObject = $timer; EventName = 'Elapsed'; SourceIdentifier = "FakeCim.$SourceIdentifier"; MessageData = $state; SupportEvent = $true }
        $null = Register-ObjectEvent @subscription -Action { & $Event.MessageData.Compare $Event.MessageData }
        $timer.Start()
    }
}
